import { describe, expect, it } from 'vitest'
import {
  formatMessageId,
  idBytes,
  parseMessageId,
  parsePeerId,
  parseTopicId,
  peerIdFromBytes,
  shortId,
  topicIdFromBytes,
} from './ids.js'

const bytes = Uint8Array.from({ length: 32 }, (_, i) => i * 7)
const printed = peerIdFromBytes(bytes)

describe('an id', () => {
  it('is printed as 52 letters of lowercase base32, 8 of them for people, and reads back', () => {
    expect(printed).toMatch(/^[a-z2-7]{52}$/)
    expect(parsePeerId(printed)).toBe(printed)
    expect(parseTopicId(printed)).toBe(topicIdFromBytes(bytes))
    expect(idBytes(printed)).toEqual(bytes)
    expect(shortId(printed)).toBe(printed.slice(0, 8))
  })

  it.each<[unknown, string]>([
    ['', 'nothing'],
    [printed.slice(1), 'a letter too few'],
    [`${printed}a`, 'a letter too many'],
    [printed.toUpperCase(), 'upper case'],
    [`1${printed.slice(1)}`, 'a digit that base32 lacks'],
    [`${printed.slice(0, 51)}b`, 'bits left over'],
    ['ä'.repeat(52), 'other letters'],
    [null, 'no text'],
    [[printed], 'a list of one'],
    [[...printed], 'a list of letters'],
  ])('is not read from %j: %s', text => {
    expect(parsePeerId(text)).toBeUndefined()
    expect(parseTopicId(text)).toBeUndefined()
  })

  it('has 32 bytes', () => {
    expect(() => peerIdFromBytes(bytes.subarray(1))).toThrow(RangeError)
  })
})

describe('a message id', () => {
  it('is its author and count with a colon between, and reads back', () => {
    const id = { author: printed, seq: 42 }
    expect(formatMessageId(id)).toBe(`${printed}:42`)
    expect(parseMessageId(formatMessageId(id))).toEqual(id)
    const largest = `${printed}:${Number.MAX_SAFE_INTEGER}`
    expect(parseMessageId(largest)?.seq).toBe(Number.MAX_SAFE_INTEGER)
  })

  it.each(['', ':', ':0', ':01', ':-1', ':1.5', ':1e3', ':9007199254740992', ':1:1', ': 1'])(
    'is not read from an author and %j',
    rest => {
      expect(parseMessageId(printed + rest)).toBeUndefined()
    },
  )

  it('is not read where the author is none', () => {
    expect(parseMessageId(`${printed.slice(1)}:1`)).toBeUndefined()
  })
})

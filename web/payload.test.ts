import { describe, expect, test } from 'vitest'
import { decodeSaid, encodeSaid, isBlank, LONGEST_NICK, tidyNick } from './payload.js'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('a payload', () => {
  test('of the chat comes back as it was said', () => {
    const text = 'two\nlines, <b>no</b> HTML, ümläute, 🕸️ and "quotes"'
    expect(decodeSaid(encodeSaid('Ada', text))).toEqual({ kind: 'chat', nick: 'Ada', text })
  })

  test('with keys of later versions is still read', () => {
    const later = bytes('{"nick":"Ada","text":"hi","colour":"green"}')
    expect(decodeSaid(later)).toEqual({ kind: 'chat', nick: 'Ada', text: 'hi' })
  })

  test.each([
    'plain words',
    '[1,2]',
    'null',
    '"text"',
    '{"nick":1,"text":"hi"}',
    '{"text":"hi"}',
    '{',
  ])('of another application that is text is shown as text: %s', text => {
    expect(decodeSaid(bytes(text))).toEqual({ kind: 'text', text })
  })

  test('that is no text is shown as digits', () => {
    expect(decodeSaid(Uint8Array.of(0, 1, 254, 255))).toEqual({
      kind: 'bytes',
      text: '00 01 fe ff',
    })
    expect(decodeSaid(bytes('a bell \u0007'))).toMatchObject({ kind: 'bytes' })
  })

  test('of many bytes shows the first and counts the rest', () => {
    const { text } = decodeSaid(new Uint8Array(4_096).fill(255))
    expect(text).toMatch(/^(ff ){64}… and 4032 more bytes$/)
  })

  test('with a very long text is cut', () => {
    expect(decodeSaid(encodeSaid('Ada', 'x'.repeat(1_000_000))).text.length).toBeLessThan(20_100)
  })

  test('that is empty is empty text', () => {
    expect(decodeSaid(new Uint8Array())).toEqual({ kind: 'text', text: '' })
  })
})

test('a text of which nothing would be seen is blank', () => {
  for (const text of ['', ' \n', '\u200b\u200b', '\u3164']) expect(isBlank(text)).toBe(true)
  for (const text of ['a', '🕸️', '…']) expect(isBlank(text)).toBe(false)
})

describe('a picture', () => {
  const webp = bytes('RIFF\u0000\u0000\u0000\u0000WEBPVP8 ')

  test('comes back with its words, and as a file of its own', () => {
    const said = decodeSaid(encodeSaid('Ada', 'look', { bytes: webp, alt: 'a spider' }))
    expect(said).toMatchObject({
      kind: 'chat',
      nick: 'Ada',
      text: 'look',
      picture: { type: 'image/webp', alt: 'a spider', bytes: webp },
    })
    expect(said.kind === 'chat' && said.picture?.url).toMatch(/^data:image\/webp;base64,UklGR/)
  })

  test.each([
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['HTML', '<html>'],
    ['nothing', ''],
  ])('that is %s is none', (_name, file) => {
    const said = decodeSaid(encodeSaid('Ada', 'look', { bytes: bytes(file), alt: '' }))
    expect(said.kind).toBe('bytes')
  })

  test('without words before it is shown as digits', () => {
    expect(decodeSaid(new Uint8Array([0, ...webp]))).toMatchObject({ kind: 'bytes' })
  })
})

describe('a nick', () => {
  test('hides nothing: control and direction marks go', () => {
    expect(tidyNick('\u202eevil\u0000\u200b  name\n')).toBe('evil name')
  })

  test('is cut between characters', () => {
    const nick = tidyNick('🕸'.repeat(100))
    expect([...nick]).toHaveLength(LONGEST_NICK)
    expect(nick).toBe('🕸'.repeat(LONGEST_NICK))
  })

  test.each([' \u200b ', '\u200d\u200d', '\ufe0f', '\u3164\u115f', '\u2800', '\u0301'])(
    'of nothing visible is replaced in what others see: %j',
    raw => {
      expect(tidyNick(raw)).toBe('')
      expect(decodeSaid(encodeSaid(raw, 'hi'))).toMatchObject({ nick: 'no name' })
    },
  )

  test('keeps emoji whole and the marks of its letters, but no towers of them', () => {
    for (const nick of ['👩‍🚀 Cosmo', '❤️', 'Z\u0301\u0323', 'เป็น'])
      expect(tidyNick(nick)).toBe(nick)
    expect(tidyNick(`Z${'\u0301'.repeat(20)}`)).toBe(`Z${'\u0301'.repeat(4)}`)
  })
})

import type { GossipTopic } from 'gossamer'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { decodeShows, encodeShows, Here, type Shows, typingInWords } from './here.js'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('what one shows', () => {
  it('is the name from the beginning, and again when it changes', () => {
    const topic = new FakeTopic()
    topic.here('Ann').rename('Anna')
    expect(topic.shown).toEqual([
      { nick: 'Ann', typing: false },
      { nick: 'Anna', typing: false },
    ])
  })

  it('is typing from the first key until four seconds after the last', () => {
    const topic = new FakeTopic()
    const here = topic.here('Ann')
    for (let n = 0; n < 5; n++) {
      here.typing()
      vi.advanceTimersByTime(3_900)
    }
    expect(topic.shown.map(({ typing }) => typing)).toEqual([false, true])
    vi.advanceTimersByTime(100)
    expect(topic.shown.map(({ typing }) => typing)).toEqual([false, true, false])
  })

  it('is not typing any more when it was sent', () => {
    const topic = new FakeTopic()
    const here = topic.here('Ann')
    here.typing()
    here.stopped()
    here.stopped()
    vi.advanceTimersByTime(10_000)
    expect(topic.shown.map(({ typing }) => typing)).toEqual([false, true, false])
  })

  it('is nothing in a topic that has ended', () => {
    const topic = new FakeTopic()
    const here = topic.here('Ann')
    topic.state = 'closed'
    here.typing()
    vi.advanceTimersByTime(10_000)
    expect(topic.shown).toHaveLength(1)
  })
})

describe('the others', () => {
  it('are here, typing or not, and were here until when', () => {
    const topic = new FakeTopic()
    const here = topic.here('Ann')
    topic.says('b', { nick: 'Bo', typing: true })
    expect(here.others.get('b')).toEqual({ nick: 'Bo', typing: true, leftAt: undefined })
    topic.says('b', undefined)
    vi.advanceTimersByTime(5_000)
    topic.says('b', undefined)
    expect(here.others.get('b')).toEqual({ nick: 'Bo', typing: false, leftAt: 1_000_000 })
    topic.says('b', { nick: 'Bo', typing: false })
    expect(here.others.get('b')).toMatchObject({ leftAt: undefined })
    expect(topic.changes).toBe(4)
  })

  it('that are gone make room, those who are here do not', () => {
    const topic = new FakeTopic()
    const here = topic.here('Ann')
    for (let n = 0; n < 400; n++) {
      topic.says(`${n}`, { nick: `${n}`, typing: false })
      if (n >= 250) topic.says(`${n}`, undefined)
    }
    expect(here.others.size).toBe(300)
    expect([...here.others].filter(([, { leftAt }]) => leftAt === undefined)).toHaveLength(250)
  })

  it.each([
    ['no JSON', 'Bo'],
    ['no object', '3'],
    ['null', 'null'],
    ['no name', '{"typing":true}'],
    ['a name that is none', '{"nick":{}}'],
  ])('that show %s are not seen', (_, text) => {
    expect(decodeShows(new TextEncoder().encode(text))).toBeUndefined()
  })

  it('have tidy names, and type only where they say true', () => {
    const shown = encodeShows({ nick: '\u202eBo\n\u0007', typing: 1 as never })
    expect(decodeShows(shown)).toEqual({ nick: 'Bo', typing: false })
    expect(decodeShows(new Uint8Array([0xff, 0xfe]))).toBeUndefined()
  })
})

it.each([
  [[], ''],
  [['Ann'], 'Ann is typing …'],
  [['Ann', 'Bo'], 'Ann and Bo are typing …'],
  [['Ann', 'Bo', 'Cy'], 'Ann, Bo and 1 other are typing …'],
  [['Ann', 'Bo', 'Cy', 'Di'], 'Ann, Bo and 2 others are typing …'],
])('who types is told in words: %j', (nicks, words) => {
  expect(typingInWords(nicks)).toBe(words)
})

class FakeTopic {
  state = 'joined'
  changes = 0
  readonly shown: Shows[] = []
  readonly presence = { set: (value: Uint8Array) => this.shown.push(decodeShows(value)!) }
  private listener!: (event: { detail: { peer: string; value: Uint8Array | undefined } }) => void

  addEventListener(_: string, listener: FakeTopic['listener']): void {
    this.listener = listener
  }

  here(nick: string): Here {
    return new Here(this as unknown as GossipTopic, nick, () => this.changes++)
  }

  says(peer: string, shows: { nick: string; typing: boolean } | undefined): void {
    this.listener({ detail: { peer, value: shows && encodeShows(shows) } })
  }
}

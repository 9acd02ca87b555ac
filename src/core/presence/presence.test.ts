import { describe, expect, it } from 'vitest'
import { utf8 } from '../../codec/bytes.js'
import type { Millis, PeerId } from '../ids.js'
import { testPeer } from '../membership/network.suite.js'
import { Presence, type PresenceOutput } from './presence.js'
import type { PresenceEntry, PresenceStatement } from './statement.js'

const [a, b, c, d] = [0, 1, 2, 3].map(testPeer) as [PeerId, PeerId, PeerId, PeerId]
const T = 1_700_000_000_000

describe('presence', () => {
  it('set is sealed, and what was sealed is said to every neighbor, once', () => {
    const one = new One(a)
    one.up(b, c)
    one.set('hi')
    expect(one.said()).toEqual([`${b}: ${a}=hi`, `${c}: ${a}=hi`])
    one.after(10_000)
    expect(one.said()).toEqual([])
  })

  it('set before anyone is there is said to whoever comes', () => {
    const one = new One(a)
    one.set('hi')
    one.after(60_000)
    one.up(b)
    expect(one.said()).toEqual([`${b}: ${a}=hi`])
  })

  it('set often is said four times a second, the newest each time', () => {
    const one = new One(a)
    one.up(b)
    for (let n = 0; n < 100; n++) {
      one.set(`${n}`)
      one.after(10)
    }
    one.after(1_000)
    const said = one.said()
    expect(said.length).toBeGreaterThan(2)
    expect(said.length).toBeLessThan(7)
    expect(said.at(-1)).toBe(`${b}: ${a}=99`)
  })

  it('has a later time with each word, also where the clock stands still or went back', () => {
    const one = new One(a)
    const times = [one.set('1'), one.set('2', 250), one.set('3', 250)]
    expect(new Set(times).size).toBe(3)
    expect(times).toEqual([...times].sort())
    one.hear(b, entry(a, 'of before a reload', T + 3_600_000))
    one.after(250)
    expect(one.drafts.at(-1)!.time).toBe(T + 3_600_002)
  })

  it('of ours, heard again, is no news: only what is newer than our newest is', () => {
    const one = new One(a)
    one.set('1', 1_000)
    one.hear(b, entry(a, 'of before', T - 1_000), entry(a, '1', T))
    one.after(1_000)
    expect(one.drafts).toHaveLength(1)
    expect(one.set('2')).toBeGreaterThan(T)
  })

  it('is shown when it is news, and not when it is the same or older', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'new', T + 2))
    one.hear(b, entry(b, 'old', T + 1))
    one.hear(b, entry(b, 'new', T + 2))
    one.hear(b, entry(b, 'new', T + 3))
    one.hear(b, entry(b, undefined, T + 4))
    expect(one.shown()).toEqual([`${b}=new`, `${b}=`])
    expect(one.presence.knows(b, T + 4)).toBe(true)
    expect(one.presence.knows(b, T + 5)).toBe(false)
    expect(one.presence.knows(c, T)).toBe(false)
  })

  it('is kept as a copy: its packet may go', () => {
    const one = new One(a)
    const statement = entry(b, 'kept', T)
    one.hear(b, statement)
    statement.statement.value!.fill(0)
    expect(one.presence.shown[0]!.value).toEqual(utf8('kept'))
  })
})

describe('presence in a full mesh', () => {
  it('of a neighbor is over when the neighbor goes, and back when it comes back', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    one.after(1_000_000)
    one.down(b, 'link-lost')
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    expect(one.shown()).toEqual([`${b}=x`, `${b}=`, `${b}=x`])
  })

  it('of a neighbor that comes back over a new link is back when it says it again, the same word', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    one.down(b, 'link-lost')
    one.presence.linkUp(T, b)
    one.up(b)
    expect(one.shown()).toEqual([`${b}=x`, `${b}=`])
    one.hear(c, entry(b, 'x', T))
    expect(one.shown()).toEqual([])
    one.hear(b, entry(b, 'x', T))
    expect(one.shown()).toEqual([`${b}=x`])
  })

  it('is passed on to nobody: all are told by their author', () => {
    const one = new One(a)
    one.up(b, c)
    one.hear(b, entry(b, 'x', T))
    one.after(1_000_000)
    expect(one.said()).toEqual([])
  })

  it('that lacks links goes on to those that have none with its author, and to others when they lose it', () => {
    const linked = new Set([`${b} ${d}`])
    const one = new One(a, false, (neighbor, peer) => linked.has(`${neighbor} ${peer}`))
    one.up(b, c, d)
    one.hear(d, entry(d, 'x', T))
    one.after(250)
    expect(one.said()).toEqual([`${c}: ${d}=x`])
    // Nobody waits for it meanwhile.
    expect(one.presence.nextDeadline).toBeUndefined()
    expect(one.presence.takeFor(T, b)).toEqual([])
    linked.clear()
    expect(one.presence.takeFor(T, b)).toMatchObject([{ peer: d }])
    expect(one.presence.takeFor(T, b)).toEqual([])
  })

  it('is said again while links are lacking, and taken back at the farewell then', () => {
    const one = new One(a)
    one.up(b)
    one.set('here')
    one.said()
    one.presence.mesh(T, 'forming')
    one.after(31_000)
    expect(one.said()).toEqual([`${b}: ${a}=here`])
    one.presence.mesh(T, 'complete')
    one.after(1_000_000)
    one.leave()
    expect(one.said()).toEqual([])
    one.presence.mesh(T + 2_000_000, 'forming')
    one.leave()
    expect(one.said()).toEqual([`${b}: ${a}=`])
  })
})

describe('presence where neighbors are few', () => {
  it('goes on to those that have not heard it', () => {
    const one = new One(a, true)
    one.up(b, c)
    one.hear(b, entry(d, 'far', T))
    one.after(250)
    expect(one.said()).toEqual([`${c}: ${d}=far`])
    one.hear(c, entry(d, 'far', T))
    one.after(1_000)
    expect(one.said()).toEqual([])
  })

  it('is told to a newcomer whole, in words of a bounded size', () => {
    const one = new One(a, true)
    for (let n = 10; n < 40; n++) one.hear(b, entry(testPeer(n), 'y'.repeat(1_000), T))
    one.up(c)
    expect(one.said().length).toBeLessThan(9)
    one.after(2_000)
    expect(one.said().length).toBeGreaterThan(20)
  })

  it('is said again every third of its lifetime, and gone when that is over', () => {
    const one = new One(a, true)
    one.up(b)
    one.set('here')
    one.said()
    one.after(31_000)
    expect(one.said()).toEqual([`${b}: ${a}=here`])
    one.hear(b, entry(d, 'far', T))
    one.after(89_000)
    expect(one.shown()).toEqual([`${d}=far`])
    one.after(2_000)
    expect(one.shown()).toEqual([`${d}=`])
  })

  it('is kept no longer by whoever hears it late, nor by those after: newcomers don’t keep the crashed alive', () => {
    const [first, second] = [new One(a, true), new One(b, true)]
    first.up(c)
    first.hear(c, entry(d, 'far', T))
    first.after(60_000)
    first.presence.neighborUp(T + 60_000, b)
    const [told] = first.presence.takeFor(T + 60_000, b)
    expect(told).toMatchObject({ peer: d, leftMs: 30_000 })
    second.after(60_000)
    second.hear(a, told!)
    second.after(29_000)
    expect(second.shown()).toEqual([`${d}=far`])
    second.after(2_000)
    expect(second.shown()).toEqual([`${d}=`])
    expect(first.presence.takeFor(T + 90_000, c)).toEqual([])
  })

  it('is kept no longer than its author asked for, whatever the neighbor says that brings it', () => {
    const one = new One(a, true)
    one.hear(b, entry(d, 'far', T, 600_000))
    one.after(91_000)
    expect(one.shown()).toEqual([`${d}=far`, `${d}=`])
  })

  it('outlives a link, not a farewell', () => {
    const one = new One(a, true)
    one.up(b, c)
    one.hear(b, entry(b, 'x', T))
    one.hear(c, entry(c, 'x', T))
    one.shown()
    one.down(b, 'link-lost')
    one.down(c, 'left')
    expect(one.shown()).toEqual([`${c}=`])
    // What still goes round does not bring it back.
    one.hear(d, entry(c, 'x', T))
    expect(one.shown()).toEqual([])
    one.after(91_000)
    expect(one.shown()).toEqual([`${b}=`])
  })

  it('is taken back at the farewell by a word signed beforehand, which goes on to all', () => {
    const one = new One(a, true)
    one.up(b, c)
    one.set('here')
    one.said()
    one.leave()
    expect(one.said()).toEqual([`${b}: ${a}=`, `${c}: ${a}=`])
    const other = new One(b, true)
    other.up(a, c)
    other.hear(a, entry(a, 'here', T))
    other.hear(a, entry(a, undefined, T + 1))
    other.after(250)
    expect(other.shown()).toEqual([`${a}=here`, `${a}=`])
    expect(other.said()).toEqual([`${c}: ${a}=`])
  })

  it('taken back is told on, though its author is no neighbor any more; what is gone is not', () => {
    const one = new One(a, true)
    one.up(b, c, d)
    one.hear(b, entry(b, 'said with a farewell', T))
    one.hear(c, entry(c, 'said without', T))
    one.after(250)
    one.said()
    one.hear(b, entry(b, undefined, T + 1))
    one.hear(c, entry(c, 'said last', T + 1))
    one.down(b, 'left')
    one.down(c, 'left')
    one.after(1_000)
    expect(one.said()).toEqual([`${d}: ${b}=`])
  })

  it('is not taken back by the farewell of an earlier word, however late its signature comes', () => {
    const presence = new Presence(a, () => false)
    presence.neighborUp(T, b)
    const seal = (outputs: PresenceOutput[]) =>
      outputs.flatMap(one => (one.type === 'seal' ? [one.draft] : []))
    const first = seal(presence.set(T, utf8('1')))
    const second = seal(presence.set(T + 250, utf8('2')))
    expect([first.length, second.length]).toEqual([2, 2])
    for (const draft of [first[0]!, second[0]!, first[1]!, second[1]!]) {
      expect(presence.sealed(T + 300, { ...draft, signature: undefined })).toEqual([])
    }
    expect(presence.takeFor(T, b)[0]!.statement.value).toEqual(utf8('2'))
  })

  it('is kept of 256 peers, neighbors first', () => {
    const one = new One(a, true)
    for (let n = 10; n < 400; n++) one.hear(testPeer(n % 7), entry(testPeer(n), 'x', T))
    expect(one.presence.shown).toHaveLength(256)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    expect(one.presence.shown).toHaveLength(256)
    expect(one.presence.shown.map(({ peer }) => peer)).toContain(b)
  })

  it('of one neighbor’s making has a budget', () => {
    const one = new One(a, true)
    one.up(b)
    for (let n = 10; n < 2_000; n++) one.hear(b, entry(testPeer((n % 50) + 10), 'x', T + n))
    expect(one.counted).toContain('presence-over-budget')
  })
})

describe('presence of peers that lie, flood, or repeat what others said', () => {
  it('said in our name for a time far off does not lead our own words out of what the wire carries', () => {
    const one = new One(a)
    one.up(b)
    one.set('here')
    one.hear(b, entry(a, 'forged', Number.MAX_SAFE_INTEGER))
    one.after(1_000)
    one.set('still here', 1_000)
    for (const { time } of one.drafts) expect(Number.isSafeInteger(time)).toBe(true)
    expect(one.drafts.at(-1)!.time).toBeLessThan(T + 10_000)
    expect(one.counted).toContain('presence-of-ours-too-late')
  })

  it('of a stranger’s making has a budget too, one for all strangers', () => {
    const one = new One(a)
    one.up(b)
    for (let n = 10; n < 2_000; n++) {
      one.hear(testPeer(n % 5), entry(testPeer((n % 50) + 10), 'x', T + n))
    }
    expect(one.shown().length).toBeLessThan(600)
    expect(one.counted).toContain('presence-over-budget')
  })

  it('costs a neighbor its budget also where it goes and comes back for a new one', () => {
    const one = new One(a, true)
    for (let n = 10; n < 2_000; n++) {
      if (n % 100 === 10) {
        one.down(b, 'left')
        one.up(b)
      }
      one.hear(b, entry(testPeer((n % 50) + 10), 'x', T + n))
    }
    expect(one.counted).toContain('presence-over-budget')
  })

  it('of who is gone is not shown again to those that knew it, however often it is brought back', () => {
    const one = new One(a, true)
    one.up(b, c)
    const old = entry(d, 'ghost', T)
    one.hear(b, old)
    one.after(91_000)
    expect(one.shown()).toEqual([`${d}=ghost`, `${d}=`])
    for (let n = 0; n < 5; n++) {
      one.hear(b, old)
      one.after(100_000)
    }
    expect(one.shown()).toEqual([])
    one.hear(b, entry(d, 'back', T + 500_000))
    expect(one.shown()).toEqual([`${d}=back`])
  })

  it('passed on a week later, or a week early, is shown to nobody', () => {
    const one = new One(a, true)
    one.up(b)
    one.hear(b, entry(c, 'last week', T - 700_000_000), entry(d, 'next week', T + 700_000_000))
    expect(one.shown()).toEqual([])
    expect(one.counted).toEqual(['presence-of-another-time', 'presence-of-another-time'])
    // Who says it itself may have a clock as wrong as that.
    one.hear(b, entry(b, 'wrong clock', T - 700_000_000))
    expect(one.shown()).toEqual([`${b}=wrong clock`])
  })
})

describe('presence of a neighbor', () => {
  it('that fell silent and speaks again on the same link is shown again: it never knew that it was gone', () => {
    const one = new One(a)
    one.linked(b)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    one.down(b, 'link-lost')
    one.up(b)
    expect(one.shown()).toEqual([`${b}=x`, `${b}=`, `${b}=x`])
    one.after(1_000_000)
    expect(one.shown()).toEqual([])
  })

  it('that comes back by a new link is shown when it says so: it may be another life of it', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    one.down(b, 'link-lost')
    one.linked(b)
    one.up(b)
    expect(one.shown()).toEqual([`${b}=x`, `${b}=`])
  })

  it('with a new link in place of the old is told all again: what was under way is lost', () => {
    const one = new One(a)
    one.up(b)
    one.set('here')
    one.said()
    one.linked(b)
    one.after(1_000)
    expect(one.said()).toEqual([`${b}: ${a}=here`])
  })

  it('whose clock went back hears what we keep of it, so that its next word is newer', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'before', T + 5_000))
    one.linked(b)
    one.after(1_000)
    expect(one.said()).toEqual([`${b}: ${b}=before`])
  })
})

/** A peer whose statements are sealed at once. */
class One {
  readonly presence: Presence
  readonly drafts: { time: number }[] = []
  readonly counted: string[] = []
  #now: Millis = T
  #said: string[] = []
  #shown: string[] = []

  constructor(
    self: PeerId,
    spreads = false,
    hasLink: (neighbor: PeerId, peer: PeerId) => boolean = () => !spreads,
  ) {
    this.presence = new Presence(self, hasLink)
    if (!spreads) this.presence.mesh(T, 'complete')
  }

  set(text: string, afterMs = 0): number {
    this.#perform(this.presence.set(this.#now, utf8(text)))
    this.after(afterMs)
    return this.drafts.at(-1)!.time
  }

  hear(from: PeerId, ...entries: PresenceEntry[]): void {
    this.#perform(this.presence.hear(this.#now, from, entries))
  }

  leave(): void {
    this.#perform(this.presence.leave())
  }

  up(...peers: PeerId[]): void {
    for (const peer of peers) this.#perform(this.presence.neighborUp(this.#now, peer))
    this.after(0)
  }

  linked(peer: PeerId): void {
    this.#perform(this.presence.linkUp(this.#now, peer))
  }

  down(peer: PeerId, reason: 'left' | 'link-lost'): void {
    this.#perform(this.presence.neighborDown(this.#now, peer, reason))
  }

  after(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const at = this.presence.nextDeadline?.at ?? Infinity
      if (at > until) break
      this.#now = Math.max(this.#now, at)
      this.#perform(this.presence.wake(this.#now))
    }
    this.#now = until
  }

  said(): string[] {
    this.after(0)
    return this.#said.splice(0)
  }

  shown(): string[] {
    return this.#shown.splice(0)
  }

  #perform(outputs: PresenceOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'seal') {
        if (output.draft.value !== undefined) this.drafts.push(output.draft)
        const statement = { ...output.draft, signature: undefined }
        this.#perform(this.presence.sealed(this.#now, statement))
      } else if (output.type === 'say') {
        for (const { peer, statement } of output.entries) {
          this.#said.push(`${output.to}: ${peer}=${words(statement.value)}`)
        }
      } else if (output.type === 'show') this.#shown.push(`${output.peer}=${words(output.value)}`)
      else this.counted.push(output.counter)
    }
  }
}

function words(value: Uint8Array | undefined): string {
  return value === undefined ? '' : new TextDecoder().decode(value)
}

function entry(
  peer: PeerId,
  text: string | undefined,
  time: number,
  leftMs = 90_000,
): PresenceEntry {
  const value = text === undefined ? undefined : utf8(text)
  const statement: PresenceStatement = { value, time, lifetimeMs: 90_000, signature: undefined }
  return { peer, statement, leftMs }
}

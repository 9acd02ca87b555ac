import { describe, expect, it } from 'vitest'
import { utf8 } from '../../codec/bytes.js'
import { testPeer } from '../membership/network.suite.js'
import { Presence, type PresenceOutput } from './presence.js'
import { a, b, c, d, entry, One, T } from './presence.suite.js'

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

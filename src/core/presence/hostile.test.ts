import { describe, expect, it } from 'vitest'
import { testPeer } from '../membership/network.suite.js'
import { a, b, c, d, entry, One, T } from './presence.suite.js'

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

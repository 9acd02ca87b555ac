import { describe, expect, it } from 'vitest'
import { Random } from '../../random.js'
import { testPeer } from '../network.suite.js'
import { HYPARVIEW_DEFAULTS } from './config.js'
import { Backoff, Pace, Throttle } from './pacing.js'

const config = HYPARVIEW_DEFAULTS
const peer = testPeer(1)

describe('the pause of a peer', () => {
  it('doubles from half a second to half a minute, a quarter more or less', () => {
    const backoff = new Backoff(config, new Random(1))
    for (const [i, expected] of [
      500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ].entries()) {
      backoff.delay(0, peer, 'refused')
      expect(backoff.times(peer)).toBe(i + 1)
      const pause = backoff.until(0, peer)!
      expect(pause).toBeGreaterThanOrEqual(expected * 0.75)
      expect(pause).toBeLessThanOrEqual(expected * 1.25)
      expect(backoff.until(pause, peer)).toBeUndefined()
    }
  })

  it('is cut to the shortest when someone names the peer anew, and its count is kept', () => {
    const backoff = new Backoff(config, new Random(1))
    for (let i = 0; i < 5; i++) backoff.delay(100, peer, 'gone')
    expect(backoff.gone(101, peer)).toBe(true)
    backoff.hasten(peer)
    expect(backoff.until(101, peer)).toBe(600)
    expect(backoff.times(peer)).toBe(5)
  })

  it('is kept for so many peers and no more', () => {
    const backoff = new Backoff(config, new Random(1))
    for (let i = 0; i < 300; i++) backoff.delay(0, testPeer(i), 'refused')
    const kept = Array.from({ length: 300 }, (_, i) => backoff.times(testPeer(i)))
    expect(kept.reduce((sum, times) => sum + times)).toBe(256)
    expect(kept[299]).toBe(1)
  })
})

describe('the pace of asking', () => {
  it('is slow where half the view is filled, quick where it is not, and reset by a change', () => {
    const pauses = (neighbors: number) => {
      const pace = new Pace(config, new Random(2))
      return Array.from({ length: 6 }, () => {
        pace.miss(0, neighbors)
        return pace.notBefore
      })
    }
    const slow = pauses(3)
    const quick = pauses(2)
    expect(slow[0]).toBeGreaterThanOrEqual(1_500)
    expect(slow.at(-1)).toBeGreaterThanOrEqual(11_250)
    expect(quick[0]).toBeLessThanOrEqual(625)
    expect(quick.at(-1)).toBeLessThanOrEqual(6_250)
    const pace = new Pace(config, new Random(2))
    pace.miss(0, 3)
    pace.reset()
    expect(pace.notBefore).toBe(0)
  })
})

describe('a throttle', () => {
  it('allows one a second per peer, and a bounded number of peers', () => {
    const throttle = new Throttle()
    expect(throttle.allows(0, peer)).toBe(true)
    expect(throttle.allows(999, peer)).toBe(false)
    expect(throttle.allows(1_000, peer)).toBe(true)
    const allowed = Array.from({ length: 400 }, (_, i) => throttle.allows(1_500, testPeer(10 + i)))
    expect(allowed.filter(Boolean)).toHaveLength(255)
    expect(throttle.allows(2_600, testPeer(900))).toBe(true)
  })
})

import { expect, it } from 'vitest'
import { Random } from '../core/random.js'
import { backoffMs } from './backoff.js'

const config = { firstMs: 500, largestMs: 30_000 }

it('pauses double up to the largest, of which at least half is waited', () => {
  const random = new Random(3)
  for (let failures = 0; failures < 2_000; failures++) {
    const whole = Math.min(30_000, 500 * 2 ** failures)
    const pause = backoffMs(failures, random, config)
    expect(pause).toBeGreaterThanOrEqual(whole / 2)
    expect(pause).toBeLessThanOrEqual(whole)
  }
})

it('peers that fail together do not return together', () => {
  const pauses = Array.from({ length: 100 }, (_, seed) => backoffMs(6, new Random(seed), config))
  expect(new Set(pauses).size).toBeGreaterThan(95)
})

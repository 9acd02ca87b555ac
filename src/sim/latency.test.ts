import { describe, expect, it } from 'vitest'
import { parseLatency, regionLatency, SERVER, uniformLatency } from './latency.js'
import { World } from './world.js'

describe('latency', () => {
  it('is the same in both directions, and the same again', () => {
    for (const model of [uniformLatency(10, 50, 3), regionLatency(3)]) {
      for (let a = 0; a < 50; a++) {
        const ms = model.between(a, a + 7)
        expect(model.between(a + 7, a)).toBe(ms)
        expect(model.between(a, a + 7)).toBe(ms)
      }
    }
  })

  it('is drawn evenly between its bounds', () => {
    const model = uniformLatency(10, 50, 1)
    const drawn = pairs(model.between)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(10)
    expect(Math.max(...drawn)).toBeLessThan(50)
    expect(average(drawn)).toBeGreaterThan(29)
    expect(average(drawn)).toBeLessThan(31)
  })

  it('of the five regions lies where the reference figures have it: 80 ms in the middle, none over 240', () => {
    const middles = [0, 1, 2, 3, 4, 5].map(seed => {
      const drawn = pairs(regionLatency(seed).between).sort((a, b) => a - b)
      expect(drawn[drawn.length - 1]).toBeLessThanOrEqual(regionLatency(seed).largestMs)
      return drawn[drawn.length >> 1]!
    })
    expect(average(middles)).toBeGreaterThan(70)
    expect(average(middles)).toBeLessThan(110)
  })

  it('of the five regions has both ends’ access in it, and grows with how far apart two are', () => {
    const drawn = [0, 1, 2, 3, 4, 5].flatMap(seed => pairs(regionLatency(seed).between))
    // The nearest: 0.6 of 8 ms, and 2 ms at each end. The farthest: 1.4 of 140 ms, and 15 ms at each.
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(8.8)
    expect(Math.max(...drawn)).toBeGreaterThan(180)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(226)
  })

  it('reaches the server too', () => {
    expect(regionLatency(1).between(4, SERVER)).toBeGreaterThan(0)
  })

  it('of one’s own is asked for ways between peers, and to the server by its name', () => {
    const asked = new Set<number>()
    const between = (a: number, b: number) => {
      for (const place of [a, b]) asked.add(place)
      return a === SERVER || b === SERVER ? 20 : 10 + a + b
    }
    const world = new World({ seed: 1, latency: { name: 'mine', largestMs: 50, between } })
    const topic = world.topic('town')
    for (const peer of world.add(4)) world.join(peer, topic)
    world.run(10_000)
    expect(world.peers.every(peer => peer.neighbors(topic).length === 3)).toBe(true)
    expect([...asked].sort()).toEqual([0, 1, 2, 3, SERVER])
  })

  it.each([undefined, Number.NaN, -1, Number.POSITIVE_INFINITY, '7'])(
    'of one’s own that is %s has the world say between whom',
    ms => {
      const latency = { name: 'mine', largestMs: 50, between: () => ms as number }
      const world = new World({ seed: 1, latency })
      const [peer] = world.add()
      expect(() => world.join(peer!, world.topic('town'))).toThrow(
        new RangeError(`latency between peer 0 and SERVER is ${ms}`),
      )
    },
  )

  it.each(['', 'x', '10-', '50-10', '-5', '10-50-90', '99999999'])('is not "%s"', text => {
    expect(parseLatency(text, 0)).toBeUndefined()
  })
})

function pairs(between: (a: number, b: number) => number): number[] {
  const drawn: number[] = []
  for (let a = 0; a < 60; a++) for (let b = 0; b < a; b++) drawn.push(between(a, b))
  return drawn
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

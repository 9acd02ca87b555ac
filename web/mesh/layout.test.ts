import { afterEach, expect, test, vi } from 'vitest'
import { Layout } from './layout.js'
import type { MeshModel } from './model.js'

const mesh = (neighbors: number): MeshModel => ({
  self: 'me',
  peers: [
    { peer: 'me', place: 'self' },
    ...Array.from({ length: neighbors }, (_, i) => ({ peer: `p${i}`, place: 'neighbor' as const })),
  ],
  links: [],
  reserve: 0,
})

/** Frames come sixty times a second, when asked for. */
function frames() {
  const asked: ((now: number) => void)[] = []
  let now = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  vi.stubGlobal('requestAnimationFrame', (frame: (now: number) => void) => asked.push(frame))
  return {
    untilStill() {
      let count = 0
      for (; asked.length > 0 && count < 1_000; count++) asked.shift()!((now += 1_000 / 60))
      return count
    },
  }
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('a peer that comes costs a dozen pictures, after which everyone stands still and apart', () => {
  const { untilStill } = frames()
  let pictures = 0
  const layout = new Layout(() => pictures++, false)
  layout.show(mesh(4))
  untilStill()
  pictures = 0
  layout.show(mesh(5))
  expect(untilStill()).toBeLessThan(30)
  expect(pictures).toBeGreaterThan(5)
  expect(pictures).toBeLessThan(13)
  const spots = [...layout.spots.values()]
  for (const [i, one] of spots.entries()) {
    for (const other of spots.slice(0, i)) {
      expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(40)
    }
  }
})

test('a mesh that is as it was costs none', () => {
  const { untilStill } = frames()
  let pictures = 0
  const layout = new Layout(() => pictures++, false)
  layout.show(mesh(5))
  untilStill()
  pictures = 0
  layout.show(mesh(5))
  expect(untilStill() + pictures).toBe(0)
})

test('for those who want less motion one picture shows the result', () => {
  let pictures = 0
  const layout = new Layout(() => pictures++, true)
  layout.show(mesh(5))
  expect(pictures).toBe(1)
  const { x, y } = layout.spots.get('p3')!
  expect(Math.hypot(x, y)).toBeGreaterThan(60)
})

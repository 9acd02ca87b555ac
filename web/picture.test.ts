import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Attempt, firstAttempt, nextAttempt } from './picture.js'

/** An encoder whose files have so many bytes for each pixel at full quality. */
const bytesOf = (attempt: Attempt, bytesPerPixel: number) =>
  Math.ceil(100 + attempt.width * attempt.height * attempt.quality * bytesPerPixel)

function squeeze(width: number, height: number, limitBytes: number, bytesPerPixel: number) {
  let attempt: Attempt | undefined = firstAttempt(width, height)
  const tried: Attempt[] = []
  while (attempt !== undefined) {
    tried.push(attempt)
    const bytes = bytesOf(attempt, bytesPerPixel)
    if (bytes <= limitBytes) return { tried, attempt, bytes }
    attempt = nextAttempt(attempt, bytes, limitBytes)
  }
  return { tried, attempt: undefined, bytes: undefined }
}

test('a picture that fits as it is keeps its size', () => {
  expect(squeeze(120, 80, 65_536, 0.5).tried).toEqual([{ width: 120, height: 80, quality: 0.8 }])
})

test('a photo loses quality before size, and uses most of what it may have', () => {
  const { tried, bytes } = squeeze(4_000, 3_000, 4_000, 0.15)
  expect(tried[0]).toEqual({ width: 640, height: 480, quality: 0.8 })
  expect(tried[1]).toMatchObject({ width: 640, height: 480 })
  expect(bytes).toBeGreaterThan(4_000 * 0.6)
})

test('a picture of any shape fits after few tries or is given up, and keeps its shape', () => {
  const edge = fc.integer({ min: 1, max: 20_000 })
  const limit = fc.integer({ min: 600, max: 1_000_000 })
  const density = fc.double({ min: 0.01, max: 4, noNaN: true })
  fc.assert(
    fc.property(edge, edge, limit, density, (width, height, limitBytes, bytesPerPixel) => {
      const { tried, attempt } = squeeze(width, height, limitBytes, bytesPerPixel)
      expect(tried.length).toBeLessThan(24)
      for (const one of tried) {
        expect(Math.min(one.width, one.height)).toBeGreaterThanOrEqual(1)
        expect(Math.max(one.width, one.height)).toBeLessThanOrEqual(640)
      }
      if (attempt === undefined || Math.min(attempt.width, attempt.height) < 24) return
      expect(attempt.width / attempt.height / (width / height)).toBeCloseTo(1, 0)
    }),
    { seed: 1 },
  )
})

test('what can never fit is given up', () => {
  expect(squeeze(1_000, 1_000, 50, 1).attempt).toBeUndefined()
})

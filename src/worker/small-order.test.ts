import { describe, expect, it } from 'vitest'
import { isSmallOrder, SMALL_ORDER } from './small-order.js'

// The curve of RFC 8032, written out slowly: -x² + y² = 1 + d x² y² over 2^255 - 19.
const P = 2n ** 255n - 19n
const D = mod(-121665n * power(121666n, P - 2n))

describe('points of small order', () => {
  it('are all on the list: it has every y whose point, added to itself eight times, is neutral', () => {
    const canonical = new Set<bigint>()
    for (const bytes of SMALL_ORDER) {
      const y = mod(number(bytes))
      canonical.add(y)
      const eightfold = double(double(double({ x: xOf(y), y })))
      expect(eightfold).toEqual({ x: 0n, y: 1n })
    }
    // Orders 1 and 2 have one point each, 4 and 8 have 2 and 4, in pairs that share their y.
    expect(canonical.size).toBe(5)
  })

  it('the list has every way to write them below 2^255', () => {
    const written = SMALL_ORDER.map(number)
    for (const y of new Set(written.map(mod))) {
      expect(written).toContain(y)
      if (y + P < 2n ** 255n) expect(written).toContain(y + P)
    }
  })

  it('are known with either sign of x, and other points are not', () => {
    for (const bytes of SMALL_ORDER) {
      const flipped = bytes.slice()
      flipped[31]! ^= 0x80
      expect([isSmallOrder(bytes), isSmallOrder(flipped)]).toEqual([true, true])
      const other = bytes.slice()
      other[5]! ^= 1
      expect(isSmallOrder(other)).toBe(false)
    }
  })
})

interface Point {
  x: bigint
  y: bigint
}

function double({ x, y }: Point): Point {
  const product = mod(D * x * x * y * y)
  return {
    x: mod(2n * x * y * inverse(1n + product)),
    y: mod((y * y + x * x) * inverse(1n - product)),
  }
}

function xOf(y: bigint): bigint {
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n))
  let x = power(square, (P + 3n) / 8n)
  if (mod(x * x) !== square) x = mod(x * power(2n, (P - 1n) / 4n))
  if (mod(x * x) !== square) throw new Error('not on the curve')
  return x
}

function inverse(n: bigint): bigint {
  return power(mod(n), P - 2n)
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (base = mod(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = mod(result * base)
    base = mod(base * base)
  }
  return result
}

function mod(n: bigint): bigint {
  return ((n % P) + P) % P
}

function number(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { list, oneOf, optional, struct, union } from './combinators.js'
import { bool, bytes, fixed, text, u8, varint } from './primitives.js'
import { Reader } from './reader.js'
import { decode, encode, type Infer, type Schema } from './schema.js'
import { varintLength, Writer } from './writer.js'

const RUNS = { seed: 1, numRuns: 300 }
const octets = (maxLength: number) => fc.uint8Array({ maxLength })
const wellFormed = fc.string({ unit: 'grapheme', maxLength: 10 })

// One schema with every construct in it.
const shape = struct({
  small: u8,
  flag: bool,
  count: varint(),
  body: bytes({ max: 300 }),
  id: fixed(4),
  name: text({ max: 200 }),
  word: oneOf(['eager', 'lazy']),
  perhaps: optional(varint({ max: 1000 })),
  items: list(union({ one: [1, struct({ n: u8 })], two: [7, struct({ s: text({ max: 200 }) })] }), {
    max: 5,
  }),
})
const shapes: fc.Arbitrary<Infer<typeof shape>> = fc.record({
  small: fc.nat(255),
  flag: fc.boolean(),
  count: fc.maxSafeNat(),
  body: octets(300),
  id: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  name: wellFormed,
  word: fc.constantFrom('eager', 'lazy'),
  perhaps: fc.option(fc.nat(1000), { nil: undefined }),
  items: fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('one' as const), n: fc.nat(255) }),
      fc.record({ type: fc.constant('two' as const), s: wellFormed }),
    ),
    { maxLength: 5 },
  ),
})

describe('any schema', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(shapes, value => {
        expect(decode(shape, encode(shape, value))).toEqual({ ok: true, value })
      }),
      RUNS,
    )
  })

  it('refuses every truncation and every trailing byte', () => {
    fc.assert(
      fc.property(shapes, fc.nat(255), (value, more) => {
        const whole = encode(shape, value)
        for (let length = 0; length < whole.length; length++) {
          expect(decode(shape, whole.subarray(0, length)).ok).toBe(false)
        }
        expect(decode(shape, Uint8Array.of(...whole, more))).toMatchObject({
          ok: false,
          reason: 'trailing bytes',
        })
      }),
      { seed: 2, numRuns: 50 },
    )
  })

  it('has one way to write a value: bytes that decode are the bytes that encode gives', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        (v, flips) => {
          const mutant = encode(shape, v)
          for (const [at, byte] of flips) mutant[at % mutant.length] = byte
          const decoded = decode(shape, mutant)
          if (decoded.ok) expect(encode(shape, decoded.value)).toEqual(mutant)
        },
      ),
      { seed: 3, numRuns: 3000 },
    )
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(octets(100), noise => {
        decode(shape, noise)
      }),
      { seed: 4, numRuns: 3000 },
    )
  })
})

describe('varint', () => {
  it('takes one byte for each seven bits, up to 2^53 - 1', () => {
    const lengths = [0, 127, 128, 16_383, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER].map(
      value => encode(varint(), value).length,
    )
    expect(lengths).toEqual([1, 1, 2, 2, 3, 5, 8])
    expect(varintLength(2 ** 32)).toBe(5)
  })

  it('is refused in any but its shortest form', () => {
    expect(decode(varint(), Uint8Array.of(0x80, 0x00))).toMatchObject({
      reason: 'varint not in its shortest form',
    })
    expect(decode(varint(), Uint8Array.of(0xff, 0x80, 0x00)).ok).toBe(false)
  })

  it('is refused above 2^53 - 1 and beyond eight bytes', () => {
    const largest = encode(varint(), Number.MAX_SAFE_INTEGER)
    const above = largest.slice()
    above[7]!++
    expect(decode(varint(), above)).toMatchObject({ reason: 'varint too large' })
    expect(decode(varint(), new Uint8Array(9).fill(0xff))).toMatchObject({
      reason: 'varint too long',
    })
  })
})

describe('limits', () => {
  const writes =
    <T>(schema: Schema<T>, value: T) =>
    () =>
      encode(schema, value)
  const reads = <T>(loose: Schema<T>, strict: Schema<T>, value: T) =>
    decode(strict, encode(loose, value)).ok

  it('what is over its limit is not written', () => {
    expect(writes(u8, 256)).toThrow(RangeError)
    expect(writes(u8, 0.5)).toThrow(RangeError)
    expect(writes(varint({ max: 9 }), 10)).toThrow(RangeError)
    expect(writes(varint(), -1)).toThrow(RangeError)
    expect(writes(varint(), 2 ** 53)).toThrow(RangeError)
    expect(writes(bytes({ max: 2 }), new Uint8Array(3))).toThrow(RangeError)
    expect(writes(fixed(2), new Uint8Array(3))).toThrow(RangeError)
    expect(writes(text({ max: 2 }), 'äö')).toThrow(RangeError)
    expect(writes(list(u8, { max: 1 }), [1, 2])).toThrow(RangeError)
    expect(writes(oneOf(['a']), 'b' as 'a')).toThrow(RangeError)
    expect(writes(union({ a: [1, struct({})] }), { type: 'b' } as never)).toThrow(RangeError)
  })

  it('what is over its limit is not read', () => {
    expect(reads(varint(), varint({ max: 9 }), 10)).toBe(false)
    expect(reads(bytes({ max: 9 }), bytes({ max: 2 }), new Uint8Array(3))).toBe(false)
    expect(reads(text({ max: 9 }), text({ max: 2 }), 'abc')).toBe(false)
    expect(reads(list(u8, { max: 9 }), list(u8, { max: 1 }), [1, 2])).toBe(false)
    expect(reads<string>(oneOf(['a', 'b']) as Schema<string>, oneOf(['a']) as never, 'b')).toBe(
      false,
    )
  })

  it('a length that promises more than is there allocates nothing and fails', () => {
    const promise = encode(varint(), 2 ** 40)
    expect(decode(bytes({ max: 2 ** 50 }), promise)).toMatchObject({ reason: 'truncated' })
    expect(decode(list(u8, { max: 2 ** 50 }), promise)).toMatchObject({ reason: 'truncated' })
  })

  it('text that is not UTF-8 is refused', () => {
    expect(decode(text({ max: 9 }), Uint8Array.of(1, 0xff))).toMatchObject({
      reason: 'text not UTF-8',
    })
  })

  it('text that has no UTF-8 is not written', () => {
    expect(writes(text({ max: 9 }), 'a\ud800')).toThrow(RangeError)
  })

  it('flags other than 0 and 1 are refused', () => {
    expect(decode(bool, Uint8Array.of(2)).ok).toBe(false)
    expect(decode(optional(u8), Uint8Array.of(2, 0)).ok).toBe(false)
  })
})

describe('union', () => {
  const either = union({ a: [3, struct({ n: u8 })], b: [4, struct({})] })

  it('reads and writes its fields apart from the tag', () => {
    const w = new Writer()
    either.writeFields(w, { type: 'a', n: 9 })
    expect(w.finish()).toEqual(Uint8Array.of(9))
    expect(either.readFields(new Reader(Uint8Array.of(9)), 3)).toEqual({ type: 'a', n: 9 })
    expect([...either.tags]).toEqual([
      ['a', 3],
      ['b', 4],
    ])
  })

  it('refuses a tag it does not know, and is refused with one tag twice', () => {
    expect(decode(either, Uint8Array.of(5))).toMatchObject({ reason: 'unknown tag' })
    expect(() => union({ a: [1, struct({})], b: [1, struct({})] })).toThrow(RangeError)
  })
})

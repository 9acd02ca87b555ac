import { describe, expect, it, vi } from 'vitest'
import { Random } from '../core/random.js'
import { deflate, inflate } from './envelope.js'
import { canDeflate } from './envelopes.js'

describe('an envelope', () => {
  it('gives back what was put in', async () => {
    const bytes = new Uint8Array(300_000).map((_, i) => (i * i) % 61)
    const deflated = await deflate(bytes)
    expect(deflated!.length).toBeLessThan(bytes.length)
    expect(await inflate(deflated!, bytes.length)).toEqual(bytes)
  })

  it('is not made of what does not become smaller', async () => {
    expect(await deflate(new Random(1).bytes(50_000))).toBeUndefined()
  })

  it.each([
    ['more', -1],
    ['less', 1],
  ])('that holds %s than it says is none', async (_, off) => {
    const bytes = new Uint8Array(5000).fill(7)
    const deflated = await deflate(bytes)
    expect(await inflate(deflated!, bytes.length + off)).toBeUndefined()
  })

  it('that is cut short, or no envelope at all, is none', async () => {
    const bytes = new Uint8Array(5000).fill(7)
    const deflated = (await deflate(bytes))!
    expect(await inflate(deflated.subarray(0, -1), bytes.length)).toBeUndefined()
    expect(await inflate(new Random(2).bytes(500), 5000)).toBeUndefined()
    expect(await inflate(new Uint8Array(0), 0)).toBeUndefined()
  })

  it('that is a bomb is given up after its first piece', async () => {
    let taken = 0
    vi.stubGlobal(
      'DecompressionStream',
      class extends TransformStream<Uint8Array, Uint8Array> {
        constructor() {
          super({
            transform(piece, controller) {
              taken += piece.length
              controller.enqueue(new Uint8Array(piece.length * 1000))
            },
          })
        }
      },
    )
    expect(await inflate(new Uint8Array(1 << 20), 100_000)).toBeUndefined()
    expect(taken).toBe(4096)
    vi.unstubAllGlobals()
  })

  it('can be had here, and not where the browser does not know the format', () => {
    expect(canDeflate()).toBe(true)
    vi.stubGlobal(
      'CompressionStream',
      class {
        constructor() {
          throw new TypeError('unsupported format')
        }
      },
    )
    expect(canDeflate()).toBe(false)
    vi.stubGlobal('CompressionStream', undefined)
    expect(canDeflate()).toBe(false)
    vi.unstubAllGlobals()
  })
})

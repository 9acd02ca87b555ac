import { describe, expect, it } from 'vitest'
import { LineCutter } from './line-cutter.js'

describe('lines on their way in', () => {
  it('pass as they are, however they are cut into chunks', async () => {
    const text = 'one\n\ntwo\r\nthrée\nlast'
    const bytes = Buffer.from(text)
    for (let size = 1; size <= bytes.length; size++) {
      const chunks: Buffer[] = []
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
      expect((await cut(chunks)).toString()).toBe(text)
    }
  })

  it('are cut off at a mebibyte, and the next is whole', async () => {
    const long = Buffer.alloc(1 << 16, 'x')
    const chunks = [...Array(40).fill(long), Buffer.from('x\nnext\n'), long]
    const lines = (await cut(chunks)).toString().split('\n')
    expect(lines.map(({ length }) => length)).toEqual([(1 << 20) + 1, 4, 1 << 16])
  })
})

async function cut(chunks: readonly Buffer[]): Promise<Buffer> {
  const cutter = new LineCutter()
  const passed: Buffer[] = []
  const over = (async () => {
    for await (const chunk of cutter) passed.push(chunk as Buffer)
  })()
  for (const chunk of chunks) cutter.write(chunk)
  cutter.end()
  await over
  return Buffer.concat(passed)
}

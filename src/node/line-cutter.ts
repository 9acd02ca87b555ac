import { Transform, type TransformCallback } from 'node:stream'

/** Passes lines on, cut off where they are longer than any message may be: a line without end must not fill the memory. */
export class LineCutter extends Transform {
  /** Of the line that is coming in. */
  #length = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let at = 0; at < chunk.length; ) {
      const next = chunk.indexOf(NEWLINE, at) + 1
      const end = next === 0 ? chunk.length : next
      const kept = Math.min(end - at, LONGEST_LINE_BYTES - this.#length)
      if (kept > 0) this.push(chunk.subarray(at, at + kept))
      if (next > 0 && kept < end - at) this.push('\n')
      this.#length = next === 0 ? this.#length + Math.max(0, kept) : 0
      at = end
    }
    done()
  }
}

const NEWLINE = 10
/** Above the largest payload there is (core/limits.ts), so that it is still refused as too long. */
const LONGEST_LINE_BYTES = (1 << 20) + 1

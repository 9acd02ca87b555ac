import { describe, expect, it } from 'vitest'
import { peerIdFromBytes, topicIdFromBytes } from './ids.js'
import { Numbering } from './numbering.js'

describe('numbering', () => {
  it('gives a bundle as many numbers as it has messages, and names it by the last', () => {
    const numbering = reserved(1, 4096)
    expect(numbered(numbering, [1, 3, 1, 256])).toEqual([1, 4, 5, 261])
  })

  it('of a bundle never parts the numbers: what is left of a block that others follow is used, else wasted', () => {
    const following = reserved(1, 4)
    following.reserved(5, 4096)
    expect(numbered(following, [3, 3])).toEqual([3, 6])
    const apart = reserved(1, 4)
    expect(numbered(apart, [3, 3, 1])).toEqual([3])
    apart.reserved(100, 4096)
    expect(numbered(apart, [])).toEqual([102, 103])
  })
})

function reserved(first: number, last: number): Numbering {
  const numbering = new Numbering(TOPIC, SELF)
  numbering.take(0)
  numbering.reserved(first, last)
  return numbering
}

/** The numbers by which messages, or so many together, are named. */
function numbered(numbering: Numbering, counts: number[]): number[] {
  for (const [ref, count] of counts.entries())
    numbering.add(ref, new Uint8Array(0), count === 1 ? undefined : count)
  return numbering.take(0).flatMap(output => (output.type === 'seal' ? [output.draft.seq] : []))
}

const SELF = peerIdFromBytes(new Uint8Array(32).fill(1))
const TOPIC = topicIdFromBytes(new Uint8Array(32).fill(2))

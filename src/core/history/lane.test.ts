import { describe, expect, it } from 'vitest'
import { Random } from '../random.js'
import { Author, hashOf } from './author.suite.js'
import { Lane } from './lane.js'
import { type Op, shortHash } from './op.js'

describe('the hashes a lane remembers', () => {
  it('are its last eight', () => {
    const { said, lane } = grown(20)
    const known = said.filter(({ seq }) => lane.hashAt(seq) !== undefined).map(({ seq }) => seq)
    expect(known).toEqual([13, 14, 15, 16, 17, 18, 19, 20])
    for (const message of said.slice(12)) expect(lane.hashAt(message.seq)).toEqual(hashOf(message))
  })

  it('are those before a bundle, too: its numbers are no gap', () => {
    const { author, said, lane } = grown(3)
    lane.grow(opOf(author.sayBundle(20)))
    expect([3, 23].map(seq => lane.hashAt(seq))).toEqual([said[2]!, said[3]!].map(hashOf))
    expect([4, 22].map(seq => lane.hashAt(seq))).toEqual([undefined, undefined])
  })

  it('are none of those before a gap: what stood at the numbers between is not known', () => {
    const { author, lane } = grown(5)
    const beyond = author.craft({ seq: 9, mother: new Uint8Array(32) })
    lane.grow(opOf(beyond))
    expect(lane.hashAt(9)).toEqual(hashOf(beyond))
    for (let seq = 1; seq < 9; seq++) expect(lane.hashAt(seq), `${seq}`).toBeUndefined()
    expect(lane.differsAt(8, shortHash(new Uint8Array(32)))).toBe(false)
  })
})

function grown(count: number) {
  const author = new Author(new Random(1))
  for (let i = 0; i < count; i++) author.say()
  const [first, ...rest] = author.said
  const lane = Lane.from(opOf(first!))
  for (const message of rest) lane.grow(opOf(message))
  return { author, said: author.said, lane }
}

function opOf(message: Author['said'][number]): Op {
  return { message, hash: hashOf(message), parents: { mother: undefined, others: [] } }
}

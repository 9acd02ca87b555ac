import { describe, expect, it } from 'vitest'
import { peerIdFromBytes } from '../ids.js'
import { Random } from '../random.js'
import { Exchanges } from './exchanges.js'

describe('exchanges that are over', () => {
  it('are remembered, the last 64 of each peer', () => {
    const exchanges = new Exchanges<undefined>(new Random(1), 1_000)
    const end = (peer: typeof ONE, id: number) => {
      exchanges.close(exchanges.accept(0, peer, id, undefined))
    }
    end(OTHER, 7)
    for (let id = 1; id <= 100; id++) end(ONE, id)
    const known = Array.from({ length: 101 }, (_, id) => id).filter(
      id => exchanges.isOver(ONE, id) !== 'no',
    )
    expect(known).toEqual(Array.from({ length: 64 }, (_, n) => n + 37))
    expect(exchanges.isOver(OTHER, 7)).toBe('ended')
  })

  it('are told apart by how they ended', () => {
    const exchanges = new Exchanges<undefined>(new Random(1), 1_000)
    exchanges.close(exchanges.accept(0, ONE, 1, undefined), true)
    exchanges.close(exchanges.accept(0, ONE, 2, undefined))
    expect([1, 2, 3].map(id => exchanges.isOver(ONE, id))).toEqual(['timed-out', 'ended', 'no'])
  })

  it('are forgotten with the link', () => {
    const exchanges = new Exchanges<undefined>(new Random(1), 1_000)
    exchanges.close(exchanges.accept(0, ONE, 1, undefined))
    exchanges.forget(ONE)
    expect(exchanges.isOver(ONE, 1)).toBe('no')
  })
})

const ONE = peerIdFromBytes(new Uint8Array(32).fill(1))
const OTHER = peerIdFromBytes(new Uint8Array(32).fill(2))

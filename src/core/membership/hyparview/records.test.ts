import { describe, expect, it } from 'vitest'
import { type PeerId, peerIdFromBytes } from '../../ids.js'
import type { PeerRecord } from './messages.js'
import { Records } from './records.js'

describe('records', () => {
  it('the newest of each peer is kept; what is not newer, or says the same, is nothing to tell', () => {
    const records = new Records()
    expect(records.learn(peer(1), record(5, 'tea'))).toEqual(bytes('tea'))
    expect(records.learn(peer(1), record(5, 'coffee'))).toBeUndefined()
    expect(records.learn(peer(1), record(4, 'coffee'))).toBeUndefined()
    expect(records.learn(peer(1), record(6, 'tea'))).toBeUndefined()
    expect(records.get(peer(1))?.time).toBe(6)
    expect(records.learn(peer(1), record(7, ''))).toBeUndefined()
    expect(records.get(peer(1))?.time).toBe(7)
  })

  it('of more than 256 peers the one that said nothing new for longest is forgotten', () => {
    const records = new Records()
    for (let i = 0; i < 256; i++) records.learn(peer(i), record(1, 'a'))
    records.learn(peer(0), record(2, 'b'))
    records.learn(peer(256), record(1, 'a'))
    expect(records.get(peer(1))).toBeUndefined()
    expect(records.get(peer(0))?.time).toBe(2)
    expect(records.get(peer(256))?.time).toBe(1)
  })

  it('a peer that is forgotten may be learned again', () => {
    const records = new Records()
    records.learn(peer(1), record(5, 'tea'))
    records.forget(peer(1))
    expect(records.get(peer(1))).toBeUndefined()
    expect(records.learn(peer(1), record(1, 'tea'))).toEqual(bytes('tea'))
  })
})

function peer(n: number): PeerId {
  const id = new Uint8Array(32)
  id[0] = n & 255
  id[1] = n >> 8
  return peerIdFromBytes(id)
}

function record(time: number, data: string): PeerRecord {
  return { data: bytes(data), time, signature: new Uint8Array(64) }
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, letter => letter.charCodeAt(0))
}

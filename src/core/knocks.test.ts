import { expect, it } from 'vitest'
import type { PeerId } from './ids.js'
import { HeardKnocks } from './knocks.js'
import { testPeer } from './membership/network.suite.js'

it('a knock is new once, for each peer by itself, as long as sixty-three later ones', () => {
  const heard = new HeardKnocks()
  const isNew = (peer: PeerId, requestId: number) => heard.isNew(peer, requestId, () => false)
  expect(isNew(a, 0)).toBe(true)
  expect(isNew(a, 0)).toBe(false)
  expect(isNew(b, 0)).toBe(true)
  for (let requestId = 1; requestId < 64; requestId++) expect(isNew(a, requestId)).toBe(true)
  for (let requestId = 0; requestId < 64; requestId++) expect(isNew(a, requestId)).toBe(false)
  expect(isNew(a, 64)).toBe(true)
  expect(isNew(a, 1)).toBe(false)
  expect(isNew(a, 0)).toBe(true)
})

it('of a thousand knockers the longest silent is forgotten for another, and none that matters', () => {
  const heard = new HeardKnocks()
  const isNew = (peer: PeerId) => heard.isNew(peer, 1, matters => matters === a)
  for (let i = 0; i < 1024; i++) isNew(testPeer(i))
  expect(isNew(testPeer(1024))).toBe(true)
  expect(isNew(a)).toBe(false)
  expect(isNew(testPeer(1024))).toBe(false)
  expect(isNew(b)).toBe(true)
})

const [a, b] = [testPeer(0), testPeer(1)]

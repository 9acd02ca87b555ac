import type { NodeSnapshot } from 'gossamer'
import { expect, test } from 'vitest'
import { meshInWords, meshOf } from './model.js'

const membership = (active: string[], passive: string[], asked: string[] = []) => ({
  kind: 'hyparview',
  active: active.map(peer => ({ peer, since: 0 })),
  passive,
  reserve: ['x', 'y'],
  requests: asked.map(peer => ({ peer, stage: 'asked', since: 0 })),
})

const snapshot = (given: {
  active?: string[]
  lazy?: string[]
  passive?: string[]
  asked?: string[]
  links?: object[]
}) =>
  ({
    peerId: 'me',
    topics: [
      { topic: 'other', membership: membership(['z'], []), broadcast: { eager: ['z'], lazy: [] } },
      {
        topic: 'tea',
        membership: membership(given.active ?? [], given.passive ?? [], given.asked),
        broadcast: { eager: [], lazy: given.lazy ?? [] },
      },
    ],
    links: given.links ?? [],
    blame: [],
  }) as unknown as NodeSnapshot

test('neighbors are linked, eagerly or lazily, with their round trip', () => {
  const links = [{ peer: 'a', state: 'up', rttMs: 12, kind: 'lent' }]
  const mesh = meshOf(snapshot({ active: ['a', 'b'], lazy: ['b'], links }), 'tea', [])
  expect(mesh.links).toEqual([
    { peer: 'a', kind: 'eager', rttMs: 12, carried: 'lent' },
    { peer: 'b', kind: 'lazy', rttMs: undefined, carried: undefined },
  ])
  expect(mesh.peers).toEqual([
    { peer: 'me', place: 'self' },
    { peer: 'a', place: 'neighbor' },
    { peer: 'b', place: 'neighbor' },
  ])
})

test('a peer stands in one place: the nearest', () => {
  const links = [{ peer: 'c', state: 'dialing' }]
  const given = { active: ['a'], passive: ['p', 'a'], asked: ['b', 'a'], links }
  const mesh = meshOf(snapshot(given), 'tea', ['a', 'p', 'far', 'me'])
  expect(Object.fromEntries(mesh.peers.map(({ peer, place }) => [peer, place]))).toEqual({
    me: 'self',
    a: 'neighbor',
    b: 'coming',
    c: 'coming',
    p: 'passive',
    far: 'heard',
  })
  expect(mesh.reserve).toBe(2)
})

test('however many are known, a picture stays one', () => {
  const many = Array.from({ length: 500 }, (_, i) => `p${i}`)
  expect(meshOf(snapshot({ passive: many }), 'tea', many).peers.length).toBeLessThanOrEqual(64)
})

test('a topic that is not open here yet is oneself alone', () => {
  expect(meshOf(snapshot({}), 'none', []).peers).toEqual([{ peer: 'me', place: 'self' }])
})

test('the picture in words leaves out what there is none of', () => {
  const mesh = meshOf(snapshot({ active: ['a', 'b'], lazy: ['b'], passive: ['p'] }), 'tea', [])
  expect(meshInWords(mesh)).toBe(
    'The mesh as this peer knows it: 1 eager and 1 lazy links, 1 more peers known.',
  )
})

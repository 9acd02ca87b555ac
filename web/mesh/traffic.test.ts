import { expect, test } from 'vitest'
import type { MeshLink } from './model.js'
import { tripsOf } from './traffic.js'

const link = (peer: string, kind: MeshLink['kind']): MeshLink => ({
  peer,
  kind,
  rttMs: undefined,
  carried: undefined,
})
const LINKS = [link('a', 'eager'), link('b', 'eager'), link('c', 'lazy'), link('d', 'coming')]
const ways = (heard: Parameters<typeof tripsOf>[0]) =>
  tripsOf(heard, LINKS).map(({ peer, direction, what }) => `${direction} ${peer} ${what}`)

test('what is said goes out over eager links and is announced over lazy ones', () => {
  expect(ways({ kind: 'said', author: 'me' })).toEqual([
    'out a message',
    'out b message',
    'out c announcement',
  ])
})

test('what comes goes on to the others, later, and not back', () => {
  const heard = { kind: 'received', author: 'far', deliveredFrom: 'a', scope: 'swarm' } as const
  expect(ways(heard)).toEqual(['in a message', 'out b message', 'out c announcement'])
  const [came, onwards] = tripsOf(heard, LINKS)
  expect(onwards!.afterMs).toBeGreaterThan(came!.afterMs)
})

test('what was for neighbors only goes no further', () => {
  const heard = { kind: 'received', author: 'a', deliveredFrom: 'a', scope: 'neighbors' } as const
  expect(ways(heard)).toEqual(['in a message'])
})

test('over a link that is gone meanwhile nothing is shown to come', () => {
  const heard = { kind: 'received', author: 'x', deliveredFrom: 'x', scope: 'neighbors' } as const
  expect(ways(heard)).toEqual([])
})

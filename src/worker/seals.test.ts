import { expect, it } from 'vitest'
import { peerIdFromBytes, topicIdFromBytes } from '../core/ids.js'
import type { NodeInput } from '../core/io.js'
import type { Extras } from './extras.js'
import type { Identity } from './identity.js'
import { Seals } from './seals.js'

const SELF = peerIdFromBytes(new Uint8Array(32))
const TOPIC = topicIdFromBytes(new Uint8Array(32))
const payload = new Uint8Array([1])
const DRAFT = {
  type: 'seal',
  topic: TOPIC,
  ref: 1,
  draft: { author: SELF, seq: 1, time: 1, payload, extensions: payload },
} as const
const NEIGHBORS = { type: 'seal-neighbors', topic: TOPIC, ref: 2, payload } as const
const PRESENCE = {
  type: 'seal-presence',
  topic: TOPIC,
  draft: { value: payload, time: 1, lifetimeMs: 1 },
} as const

it('what is said leaves in its order, whichever signature is made first', async () => {
  const { seals, sealed, signatures } = start(true)
  seals.seal(DRAFT)
  seals.seal(NEIGHBORS)
  seals.seal(PRESENCE)
  expect(seals.waiting).toBe(3)
  signatures[2]!(new Uint8Array([3]))
  signatures[1]!(new Uint8Array([2]))
  await Promise.resolve()
  expect(sealed).toEqual([])
  signatures[0]!(new Uint8Array([1]))
  await Promise.resolve()
  await Promise.resolve()
  expect(seals.waiting).toBe(0)
  expect(sealed).toMatchObject([
    { type: 'sealed', topic: TOPIC, ref: 1, message: { signature: new Uint8Array([1]) } },
    { type: 'neighbors-sealed', topic: TOPIC, ref: 2, time: 7, signature: new Uint8Array([2]) },
    { type: 'presence-sealed', topic: TOPIC, statement: { signature: new Uint8Array([3]) } },
  ])
})

it('what needs no signature leaves at once', () => {
  const { seals, sealed, signatures } = start(false)
  for (const output of [DRAFT, NEIGHBORS, PRESENCE]) seals.seal(output)
  expect(sealed.map(({ type }) => type)).toEqual(['sealed', 'neighbors-sealed', 'presence-sealed'])
  expect(signatures).toEqual([])
  expect(sealed[1]).toMatchObject({ signature: undefined })
})

function start(isSigned: boolean) {
  const sealed: NodeInput[] = []
  const signatures: ((signature: Uint8Array) => void)[] = []
  const identity = {
    peerId: SELF,
    sign: () => new Promise(resolve => signatures.push(resolve)),
  } as unknown as Identity
  const extras = { part: () => ({ presenceBytes: () => payload }) } as unknown as Extras
  const input = (input: NodeInput) => void sealed.push(input)
  const seals = new Seals({ identity, extras, clock: () => 7.5, input }, TOPIC, isSigned)
  return { seals, sealed, signatures }
}

import { expect, it, vi } from 'vitest'
import { peerIdFromBytes, topicIdFromBytes } from '../core/ids.js'
import type { LinkInput, LinkMachine, LinkOutput } from '../link/link.js'
import { FrameEncoder } from '../wire/encoder.js'
import './history-extra.js'
import type { Identity } from './identity.js'
import type { Link } from './link.js'
import { PeerLink, type PeerLinkEvents } from './peer-link.js'

it('a channel that takes all at once is given more until nothing waits: it never says that it fell low', () => {
  const inputs: LinkInput['type'][] = []
  let waiting = 5
  const machine = {
    handle: (_now: number, { type }: LinkInput): LinkOutput[] => {
      inputs.push(type)
      if (type !== 'buffered' || waiting === 0) return []
      waiting--
      return [{ type: 'write', packet: new Uint8Array(1) }]
    },
  } as unknown as LinkMachine
  const sent: Uint8Array[] = []
  const channel = { bufferedAmount: 0, send: (packet: Uint8Array) => void sent.push(packet) }
  const identity = { peerId: 'b' } as unknown as Identity
  const events = {} as PeerLinkEvents
  const link = new PeerLink('a' as never, 1, false, machine, identity, '', () => 0, events)
  link.attach(channel as unknown as Link)
  link.flush()
  expect(sent).toHaveLength(5)
  expect(inputs).toEqual(['flush', ...Array(6).fill('buffered')])
})

it('what follows a frame of history that did not shrink is not tried, for fifteen', async () => {
  const tried = vi.fn()
  const { CompressionStream: real } = globalThis
  vi.stubGlobal(
    'CompressionStream',
    class extends real {
      constructor(format: CompressionFormat) {
        super(format)
        tried()
      }
    },
  )
  const ids = [1, 2].map(n => peerIdFromBytes(new Uint8Array(32).fill(n)))
  const sent: number[] = []
  const nonce = new Uint8Array(32)
  const limits = { largestFrameBytes: 16 << 10 }
  const hello = {
    versions: [1],
    features: ['envelopes'],
    protocol: '',
    peer: ids[1]!,
    nonce,
    limits,
  }
  const [first] = new FrameEncoder().encode({ type: 'hello', hello })
  const machine = {
    handle: (_now: number, input: LinkInput): LinkOutput[] => {
      if (input.type === 'packet') return [{ type: 'deliver', frame: first!.bytes }]
      if (input.type === 'frame' && input.class === 'history') sent.push(input.bytes.length)
      return []
    },
  } as unknown as LinkMachine
  const identity = { peerId: ids[0]!, sign: async () => new Uint8Array(64) }
  const events = { dirty: () => {} } as unknown as PeerLinkEvents
  const link = new PeerLink(ids[1]!, 1, false, machine, identity, '', () => 0, events)
  link.attach({ bufferedAmount: 0, send: () => {} } as unknown as Link)
  link.opened()
  link.packet(new Uint8Array(1))
  tried.mockClear()
  const topic = topicIdFromBytes(new Uint8Array(32))
  const terms = { signed: true, history: 'wavefront', membership: 'hyparview' } as const
  link.send({ type: 'topic-hello', topic, terms: { ...terms, maxMessageSize: 4096 } })
  const say = async (fill: (payload: Uint8Array<ArrayBuffer>) => void) => {
    const payload = new Uint8Array(4000)
    fill(payload)
    const op = { author: ids[0]!, seq: 1, time: 1, payload, extensions: new Uint8Array(0) }
    const ops = [{ ...op, signature: crypto.getRandomValues(new Uint8Array(64)) }]
    const before = sent.length
    link.send({ type: 'topic', topic, message: { type: 'ripple', exchange: 1, left: 0, ops } })
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(before))
  }
  for (let i = 0; i < 20; i++) await say(payload => crypto.getRandomValues(payload))
  expect(tried).toHaveBeenCalledTimes(2)
  // What shrinks is tried each time: what it is comes as soon as the fifteen are over.
  for (let i = 0; i < 20; i++) await say(() => {})
  expect(tried).toHaveBeenCalledTimes(2 + 8)
  vi.unstubAllGlobals()
})

import { expect, it } from 'vitest'
import type { LinkInput, LinkMachine, LinkOutput } from '../link/link.js'
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

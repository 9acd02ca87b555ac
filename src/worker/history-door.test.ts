import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { PeerId, TopicId } from '../core/ids.js'
import type { HistoryMessage, NodeInput } from '../core/io.js'
import { canonicalBytes, type Message } from '../core/message.js'
import type { Node } from '../core/node.js'
import { HistoryDoor } from './history-door.js'
import type { Identity } from './identity.js'
import { InOrder } from './in-order.js'
import type { PeerLink } from './peer-link.js'
import { fiveKeys, TERMS, TOPIC, useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let ids: Identity[]
let inputs: NodeInput[]
let counted: string[]
let isJoined = true
let door: HistoryDoor
beforeEach(async () => {
  ids = (await fiveKeys()).map(({ id }) => id)
  inputs = []
  counted = []
  isJoined = true
  const node = {
    termsOf: () => (isJoined ? TERMS : undefined),
    expectsOps: (_topic: TopicId, _from: PeerId, exchange: number) => exchange === 1,
  } as unknown as Node
  door = new HistoryDoor(
    node,
    input => void inputs.push(input),
    counter => void counted.push(counter),
  )
})

describe('a wave', () => {
  it('passes as it came when all its signatures are good', async () => {
    const message = wave(await ops(40))
    door.frame(link(1), TOPIC, message)
    expect(inputs).toEqual([])
    await time().quiet()
    expect(inputs).toEqual([
      { type: 'frame', from: ids[1]!.peerId, epoch: 1, topic: TOPIC, message },
    ])
  })

  it.each<[string, (op: Message) => Partial<Message>, string]>([
    ['a changed payload', () => ({ payload: new Uint8Array([9]) }), 'bad-signature'],
    ['changed parents', () => ({ extensions: new Uint8Array([9]) }), 'bad-signature'],
    ['another author', () => ({ author: ids[3]!.peerId }), 'bad-signature'],
    ['no signature', () => ({ signature: undefined }), 'bad-signature'],
    ['a payload too large', () => ({ payload: new Uint8Array(4097) }), 'message-too-large'],
  ])(
    'with %s in one of its ops is blamed on who brought it, and none of it passes',
    async (_, change, reason) => {
      const good = await ops(40)
      good[30] = { ...good[30]!, ...change(good[30]!) }
      door.frame(link(1), TOPIC, wave(good))
      await time().quiet()
      expect(inputs).toEqual([{ type: 'misbehaved', peer: ids[1]!.peerId, reason }])
    },
  )

  it('of a topic that was left is counted', async () => {
    isJoined = false
    door.frame(link(1), TOPIC, wave(await ops(1)))
    expect(counted).toEqual(['history-for-unknown-topic'])
  })

  it('of an exchange that is not open costs no crypto, and passes without its ops', async () => {
    const verify = vi.mocked(crypto.subtle.verify)
    verify.mockClear()
    const message = { ...wave(await ops(40)), exchange: 2 } as HistoryMessage
    door.frame(link(1), TOPIC, message)
    await time().quiet()
    expect(verify).not.toHaveBeenCalled()
    expect(inputs).toMatchObject([{ message: { type: 'ripple', exchange: 2, ops: [] } }])
    expect(counted).toEqual(['ops-unverified'])
  })

  it('keeps its place before what the same peer says after', async () => {
    const one = link(1)
    const error: HistoryMessage = { type: 'exchange-error', exchange: 1, code: 'busy' }
    door.frame(one, TOPIC, wave(await ops(3)))
    door.frame(one, TOPIC, error)
    expect(inputs).toEqual([])
    await time().quiet()
    expect(inputs.map(input => input.type === 'frame' && input.message.type)).toEqual([
      'ripple',
      'exchange-error',
    ])
  })

  it('takes no more than sixteen verifications at a time, whoever else brings one', async () => {
    const waves = [wave(await ops(100)), wave(await ops(100))]
    let [underWay, most, done] = [0, 0, 0]
    const verify = vi.mocked(crypto.subtle.verify)
    const real = verify.getMockImplementation()!
    verify.mockImplementation(async (...given) => {
      most = Math.max(most, ++underWay)
      const good = await real(...given)
      underWay--
      done++
      return good
    })
    for (const [i, message] of waves.entries()) door.frame(link(i), TOPIC, message)
    await time().quiet()
    expect([most, done]).toEqual([16, 200])
  })

  it('is no single task, also where verifying takes none of its own', async () => {
    const message = wave(await ops(100))
    const verify = vi.mocked(crypto.subtle.verify)
    verify.mockClear()
    verify.mockImplementation(() => Promise.resolve(true))
    door.frame(link(1), TOPIC, message)
    for (let i = 0; i < 1000; i++) await Promise.resolve()
    expect(verify).toHaveBeenCalledTimes(16)
    await time().quiet()
    expect(verify).toHaveBeenCalledTimes(100)
    expect(inputs).toHaveLength(1)
  })

  it('is verified before the next of the same peer, so that it can be acted upon', async () => {
    const all = await ops(80)
    const bytes = all.map(op => String(canonicalBytes(TOPIC as TopicId, op)))
    const seen: number[] = []
    vi.mocked(crypto.subtle.verify).mockImplementation((_name, _key, _signature, signed) => {
      seen.push(bytes.indexOf(String(signed)))
      return Promise.resolve(true)
    })
    const one = link(1)
    for (const half of [all.slice(0, 40), all.slice(40)]) door.frame(one, TOPIC, wave(half))
    await time().quiet()
    expect(seen).toEqual(Array.from({ length: 80 }, (_, n) => n))
    expect(inputs).toHaveLength(2)
  })

  it('of a hundred does not hold up another’s of three', async () => {
    door.frame(link(1), TOPIC, wave(await ops(100)))
    door.frame(link(2), TOPIC, wave(await ops(3)))
    await time().quiet()
    expect(inputs.map(input => 'from' in input && input.from)).toEqual([
      ids[2]!.peerId,
      ids[1]!.peerId,
    ])
  })

  it('that is wrong costs no more crypto than was begun', async () => {
    const bad = await ops(100)
    bad[0] = { ...bad[0]!, payload: new Uint8Array([9]) }
    const verify = vi.mocked(crypto.subtle.verify)
    verify.mockClear()
    door.frame(link(1), TOPIC, wave(bad))
    await time().quiet()
    expect(verify.mock.calls.length).toBeLessThanOrEqual(20)
  })
})

function link(n: number): PeerLink {
  return {
    peer: ids[n]!.peerId,
    epoch: 1,
    history: { acting: new InOrder() },
  } as unknown as PeerLink
}

function wave(ops: Message[]): HistoryMessage {
  return { type: 'ripple', exchange: 1, ops, left: 0 }
}

async function ops(count: number): Promise<Message[]> {
  const { peerId: author, sign } = ids[0]!
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const draft = {
        author,
        seq: n + 1,
        time: 1,
        payload: new Uint8Array([n]),
        extensions: new Uint8Array(0),
      }
      const signature = await sign.call(ids[0], canonicalBytes(TOPIC as TopicId, draft))
      return { ...draft, signature }
    }),
  )
}

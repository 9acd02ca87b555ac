import { describe, expect, it, vi } from 'vitest'
import { GossamerError } from './bridge/errors.js'
import type { PresenceChange } from './bridge/node-messages.js'
import { LARGEST_PRESENCE_BYTES } from './core/presence/statement.js'
import { Gossip } from './gossip.js'
import { FakeNode, settled, somePeer } from './page/fake-node.suite.js'
import type { GossipTopic } from './topic.js'

describe('what we show', () => {
  it('goes to the node as it was at the call, and may be taken back', async () => {
    const { topic, node } = await subscribed()
    const value = bytes('here')
    topic.presence.set(value)
    value.fill(0)
    topic.presence.set(bytes('there').buffer as ArrayBuffer)
    topic.presence.set(undefined)
    await settled()
    const values = node.all('set-presence').map(({ handle, value }) => [handle, text(value)])
    expect(values).toEqual([
      [1, 'here'],
      [1, 'there'],
      [1, undefined],
    ])
  })

  it('is bytes, and no more than the wire carries', async () => {
    const { topic, node } = await subscribed()
    topic.presence.set(new Uint8Array(LARGEST_PRESENCE_BYTES))
    expect(() => topic.presence.set(new Uint8Array(LARGEST_PRESENCE_BYTES + 1))).toThrow(
      'value is at most 1024 bytes; given was Uint8Array of 1025.',
    )
    expect(() => topic.presence.set('here' as never)).toThrow('value is a Uint8Array')
    await settled()
    expect(node.all('set-presence')).toHaveLength(1)
  })

  it.each<[string, () => unknown]>([
    ['nothing at all', () => null],
    ['an object that refers to itself', () => cyclic()],
    ['an object that says it is bytes', () => ({ [Symbol.toStringTag]: 'Uint8Array', length: 5 })],
    ['an object that says it is a buffer', () => ({ [Symbol.toStringTag]: 'ArrayBuffer' })],
    ['a proxy of bytes', () => new Proxy(new Uint8Array(3), {})],
    ['a proxy that was revoked', () => revoked()],
    ['a buffer that was transferred', () => transferred()],
    ['wider numbers', () => new Uint16Array(3)],
  ])('is refused where it is %s', async (_, make) => {
    const { topic, node } = await subscribed()
    expect(() => topic.presence.set(make() as never)).toThrow(GossamerError)
    await settled()
    expect(node.all('set-presence')).toEqual([])
  })

  it('can’t be set in a topic that was left', async () => {
    const { topic } = await subscribed()
    await topic.leave()
    expect(() => topic.presence.set(bytes('here'))).toThrow('The topic was left.')
  })
})

describe('what others show', () => {
  it('can be asked for by peer, and looked at as a whole', async () => {
    const { topic, show } = await subscribed()
    await show([1, 'one', 10], [2, 'two', 20])
    await show([1, 'uno', 30], [2, undefined, 40])
    expect(text(topic.presence.get(somePeer(1)))).toBe('uno')
    expect(topic.presence.get(somePeer(2))).toBeUndefined()
    expect([...topic.presence.others.keys()]).toEqual([somePeer(1)])
    expect(topic.presence.others.get(somePeer(1))).toMatchObject({ time: 30 })
    expect(() => topic.presence.get('nobody')).toThrow('peer is a peer id')
  })

  it('is dispatched when it changes', async () => {
    const { topic, show } = await subscribed()
    const listener = vi.fn()
    topic.addEventListener('presence', ({ detail }) => listener(detail))
    await show([1, 'one', 10])
    expect(listener.mock.calls).toEqual([[change(1, 'one', 10)]])
  })

  it('is read from what it is on, then change by change', async () => {
    const { topic, show } = await subscribed()
    await show([1, 'one', 10])
    const reader = topic.presence[Symbol.asyncIterator]()
    expect(await reader.next()).toEqual({ value: change(1, 'one', 10), done: false })
    const waiting = reader.next()
    await show([2, 'two', 20], [1, undefined, 30])
    expect(await waiting).toEqual({ value: change(2, 'two', 20), done: false })
    expect(await reader.next()).toEqual({ value: change(1, undefined, 30), done: false })
  })

  it('is the newest of each peer for a reader that is slow', async () => {
    const { topic, show } = await subscribed()
    const reader = topic.presence[Symbol.asyncIterator]()
    for (let n = 0; n < 1_000; n++) await show([n % 3, `${n}`, n])
    const newest = [await reader.next(), await reader.next(), await reader.next()]
    expect(newest.map(({ value }) => text(value?.value))).toEqual(['999', '997', '998'])
    const next = reader.next()
    await show([1, 'more', 1_000])
    expect(text((await next).value?.value)).toBe('more')
  })

  it('costs a reader that stopped reading no more than what is shown, whoever comes and goes', async () => {
    const { topic, show } = await subscribed()
    await show([1, 'one', 1])
    const reader = topic.presence.changes()
    expect((await reader.next()).value?.peer).toBe(somePeer(1))
    for (let n = 2; n < 250; n++) await show([n, 'here', n], [n, undefined, n])
    await show([1, undefined, 300], [251, 'last', 400])
    const rest: [string, string | undefined][] = []
    const { presence } = topic
    for (let left = 2; left > 0; left--) {
      const { value } = await reader.next()
      rest.push([value!.peer, text(value!.value)])
    }
    expect(rest).toEqual([
      [somePeer(1), undefined],
      [somePeer(251), 'last'],
    ])
    expect(presence.others.size).toBe(1)
  })

  it('is read by several, each at its own pace', async () => {
    const { topic, show } = await subscribed()
    const [one, other] = [topic.presence.changes(), topic.presence.changes()]
    await show([1, 'a', 1])
    await one.next()
    await show([1, 'b', 2])
    expect(text((await one.next()).value?.value)).toBe('b')
    expect(text((await other.next()).value?.value)).toBe('b')
  })

  it('ends with the topic, and nobody is shown any more', async () => {
    const { topic, show } = await subscribed()
    await show([1, 'one', 10])
    const seen: PresenceChange[] = []
    const reading = (async () => {
      for await (const each of topic.presence) seen.push(each)
    })()
    await settled()
    await topic.leave()
    await reading
    expect([seen.length, topic.presence.others.size]).toEqual([1, 0])
  })

  it('stays readable for the next when one stops, by itself or by its signal', async () => {
    const { topic, show } = await subscribed()
    await show([1, 'one', 10])
    for await (const each of topic.presence) {
      expect(each.peer).toBe(somePeer(1))
      break
    }
    const over = new AbortController()
    const reader = topic.presence.changes({ signal: over.signal })
    await reader.next()
    const waiting = reader.next()
    over.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(() => topic.presence.changes({ signal: over.signal })).toThrow('enough')
  })

  it('throws where the topic ended by a failure', async () => {
    const { topic, node } = await subscribed()
    const waiting = topic.presence.changes().next()
    node.say({ type: 'ended', handle: 1, code: 'terms-differ', message: 'Other terms.' })
    await expect(waiting).rejects.toMatchObject({ code: 'terms-differ' })
  })

  it('has at most 64 readers', async () => {
    const { topic } = await subscribed()
    for (let n = 0; n < 64; n++) topic.presence.changes()
    expect(() => topic.presence.changes()).toThrow(GossamerError)
  })
})

function cyclic(): object {
  const one: { itself?: object } = {}
  one.itself = one
  return one
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function transferred(): ArrayBuffer {
  const buffer = new ArrayBuffer(4)
  structuredClone(buffer, { transfer: [buffer] })
  return buffer
}

async function subscribed() {
  const { node: first, end } = FakeNode.pair()
  const node = new FakeNode(first.port, somePeer(0))
  const gossip = await Gossip.open({ worker: end })
  const topic: GossipTopic = gossip.subscribe('tea')
  await settled()
  const show = async (...said: [n: number, value: string | undefined, time: number][]) => {
    const changes = said.map(each => change(...each))
    node.say({ type: 'presence', handle: 1, changes })
    await settled()
  }
  return { topic, node, show }
}

function change(n: number, value: string | undefined, time: number): PresenceChange {
  return { peer: somePeer(n), value: value === undefined ? undefined : bytes(value), time }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function text(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value)
}

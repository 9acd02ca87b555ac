import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createSignalingServer } from '../../signaling-server/server.js'
import { Gossip } from '../gossip.js'
import type { GossipOptions } from '../options.js'
import type { GossipTopic, Received } from '../topic.js'
import { nodeWorker } from './node-worker.js'

// Real connections over this machine's own network; nothing leaves it.

const signalingServer = createSignalingServer()
const { server } = signalingServer
let signaling = ''
const opened: Gossip[] = []

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  signaling = `ws://localhost:${(server.address() as AddressInfo).port}/signaling`
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map(gossip => gossip.shutdown()))
})
afterAll(() => signalingServer.close())

describe('peers in Node', { timeout: 30_000 }, () => {
  it('find each other and talk', async () => {
    const [one, other] = await Promise.all([open(), open()])
    const [here, there] = [one.subscribe('tea'), other.subscribe('tea')]
    await Promise.all([here.joined(), there.joined()])
    const heard = next(there)
    const { neighbors } = await here.broadcast(bytes('The kettle is on.'))
    expect(neighbors).toBe(1)
    expect(await heard).toMatchObject({
      content: bytes('The kettle is on.'),
      author: one.peerId,
      verified: true,
    })
    const { links } = await one.inspect()
    expect(links).toMatchObject([{ peer: other.peerId, kind: 'lent' }])
  })

  it('send large messages both ways', async () => {
    const options = { maxMessageSize: 256 << 10 }
    const [one, other] = await Promise.all([open(options), open(options)])
    const [here, there] = [one.subscribe('large'), other.subscribe('large')]
    await Promise.all([here.joined(), there.joined()])
    const content = new Uint8Array(256 << 10).map((_, i) => i)
    for (const [from, to] of [
      [here, there],
      [there, here],
    ] as const) {
      const heard = next(to)
      await from.broadcast(content)
      expect(Buffer.compare((await heard).content, content)).toBe(0)
    }
  })

  it('leave with parting words', async () => {
    const [one, other] = await Promise.all([open(), open()])
    const [here, there] = [one.subscribe('bye'), other.subscribe('bye')]
    await Promise.all([here.joined(), there.joined()])
    const down = new Promise(resolve =>
      here.addEventListener('neighborDown', ({ detail }) => resolve(detail)),
    )
    await other.shutdown()
    expect(await down).toMatchObject({ peer: other.peerId, reason: 'left' })
  })

  it('are heard whole when they say something large and leave at once', async () => {
    const options = { maxMessageSize: 256 << 10 }
    const other = await open(options)
    const there = other.subscribe('last')
    const content = new Uint8Array(250 << 10).map((_, i) => i)
    for (let n = 0; n < 3; n++) {
      const one = await open(options)
      const here = one.subscribe('last')
      await Promise.all([here.joined(), there.joined()])
      const heard = next(there)
      const gone = new Promise(resolve =>
        there.addEventListener('neighborDown', () => resolve('not heard'), { once: true }),
      )
      await here.broadcast(content)
      await one.shutdown()
      expect(await Promise.race([heard, gone])).toMatchObject({
        author: one.peerId,
      })
    }
  })

  it('are told that nothing is kept, unless they said that it is meant', async () => {
    const meant = await open()
    expect(meant.notices).toEqual([])
    const { storage: _, ...rest } = await options()
    const other = track(await Gossip.open(rest))
    expect(other.notices).toMatchObject([{ code: 'storage-unavailable' }])
  })

  it('try again while the signaling server can’t be reached', async () => {
    const gossip = await open({ signaling: 'ws://localhost:9/signaling' })
    const topic = gossip.subscribe('nobody')
    await new Promise<void>(resolve =>
      topic.addEventListener('state', () => topic.state === 'offline' && resolve()),
    )
    expect(topic.neighbors).toEqual([])
  })

  it('are served to whoever holds a port', async () => {
    const gossip = await open()
    const { port1, port2 } = new MessageChannel()
    gossip.listen(port1)
    const guest = await Gossip.connect(port2)
    expect(guest.peerId).toBe(gossip.peerId)
    await guest.shutdown()
  })

  it('end with the port to them', async () => {
    const [one, other] = await Promise.all([open(), open()])
    const port = await nodeWorker()
    const third = await Gossip.open({ signaling, storage: 'memory', worker: port })
    const [here, there] = [one.subscribe('port'), third.subscribe('port')]
    void other
    await Promise.all([here.joined(), there.joined()])
    const down = new Promise<void>(resolve =>
      here.addEventListener('neighborDown', () => resolve()),
    )
    port.close?.()
    await down
  })
})

async function open(given: GossipOptions = {}): Promise<Gossip> {
  return track(await Gossip.open({ ...(await options()), ...given }))
}

async function options(): Promise<GossipOptions> {
  return { signaling, storage: 'memory', worker: await nodeWorker() }
}

function track(gossip: Gossip): Gossip {
  opened.push(gossip)
  return gossip
}

function next(topic: GossipTopic): Promise<Received> {
  return new Promise(resolve =>
    topic.addEventListener('received', ({ detail }) => resolve(detail), { once: true }),
  )
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

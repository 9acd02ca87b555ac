import { Gossip } from 'gossamer'
import { afterEach, describe, expect, it } from 'vitest'
import { createMesh, type Mesh, type MeshOptions, type MeshPeer } from './mesh.js'

let mesh: Mesh

function open(options: MeshOptions = {}): Mesh {
  mesh = createMesh(options)
  return mesh
}

afterEach(() => mesh.close())

describe.each(['real', 'virtual'] as const)('a mesh in memory, in %s time', time => {
  it('has so many peers in one topic, who hear each other', async () => {
    const peers = await open({ time }).peers(7, 'tea')
    const heard = listen(peers)
    const { id, neighbors } = await peers[2]!.topic.broadcast(bytes('hello'))
    expect(neighbors).toBeGreaterThan(0)
    await mesh.until(() => heard.every((texts, i) => texts.length === (i === 2 ? 0 : 1)))
    expect(heard.flat()).toEqual(new Array(6).fill(`${id} hello`))
  })

  it.each(['none', 'wavefront'] as const)(
    'brings what is said in one task one by one, in order, history %s',
    async history => {
      const kept = history === 'none' ? history : { protocol: history }
      const peers = await open({ time }).peers(3, 'tea', { history: kept })
      const heard = listen(peers)
      const texts = Array.from({ length: 300 }, (_, i) => `${i}`)
      const said = texts.map(text => peers[1]!.topic.broadcast(bytes(text)))
      const receipts = await mesh.result(Promise.all(said))
      const author = peers[1]!.gossip.peerId
      expect(receipts.map(({ id }) => id)).toEqual(texts.map((_, i) => `${author}:${i + 1}`))
      await mesh.until(() => [heard[0], heard[2]].every(each => each!.length === 300))
      for (const each of [heard[0], heard[2]])
        expect(each).toEqual(texts.map((text, i) => `${author}:${i + 1} ${text}`))
      if (history === 'none') return
      const late = (await mesh.open()).subscribe('tea', { history: kept })
      await mesh.result(late.synced())
      const read = async () => {
        const texts: string[] = []
        for await (const { id, content } of late.history({ limit: 250 }))
          texts.push(`${id} ${new TextDecoder().decode(content)}`)
        return texts
      }
      expect(await mesh.result(read())).toEqual(heard[0]!.slice(50))
    },
  )

  it("runs an app's own call of Gossip.open, given signaling and worker", async () => {
    const { signaling, worker } = open({ time })
    const [ann, bob] = await Promise.all([
      Gossip.open({ signaling, worker, maxMessageSize: 100 }),
      Gossip.open({ signaling, worker, maxMessageSize: 100 }),
    ])
    expect(ann.maxMessageSize).toBe(100)
    const [first, second] = [ann.subscribe('tea'), bob.subscribe('tea')]
    await mesh.result(Promise.all([first.joined(), second.joined()]))
    expect([...first.neighbors]).toEqual([bob.peerId])
    expect(() => first.broadcast(new Uint8Array(101))).toThrow(
      expect.objectContaining({ code: 'message-too-large' }),
    )
  })

  it('gives peers the same ids with the same seed', async () => {
    const ids = async (seed: number) => {
      const peers = await open({ time, seed }).peers(2, 'tea')
      await mesh.close()
      return peers.map(({ gossip }) => gossip.peerId)
    }
    const [first, again, other] = [await ids(5), await ids(5), await ids(6)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  it('works without a server once the peers are in', async () => {
    const peers = await open({ time }).peers(3, 'tea')
    mesh.stopSignaling()
    await mesh.until(() => peers.every(({ topic }) => topic.state === 'degraded'))
    const heard = listen(peers)
    await peers[0]!.topic.broadcast(bytes('still here'))
    await mesh.until(() => heard.slice(1).every(texts => texts.length === 1))
  })
})

describe('virtual time', () => {
  it('passes by the quarter hour in a moment, for the app as for the mesh, and is given back', async () => {
    const realStart = performance.now()
    const [platform, before] = [setTimeout, Date.now()]
    const [ann] = await open({ time: 'virtual' }).peers(2, 'tea')
    const rung: number[] = []
    const start = Date.now()
    setTimeout(() => rung.push(Date.now() - start), 400_000)
    const ticking = setInterval(() => rung.push(Date.now() - start), 300_000)
    await mesh.run(700_000)
    clearInterval(ticking)
    await mesh.run(700_000)
    expect(rung).toEqual([300_000, 400_000, 600_000])
    expect(ann!.topic.state).toBe('joined')
    await mesh.close()
    expect(setTimeout).toBe(platform)
    expect(Math.abs(Date.now() - before)).toBeLessThan(60_000)
    expect(performance.now() - realStart).toBeLessThan(60_000)
  })

  it('brings the same run twice', async () => {
    const run = async () => {
      const peers = await open({ time: 'virtual', seed: 9, latencyMs: 20 }).peers(6, 'tea')
      const heard: string[] = []
      peers.forEach(({ topic }, i) => {
        topic.addEventListener('received', ({ detail }) => {
          heard.push(`${mesh.now} ${i} ${detail.id} from ${detail.deliveredFrom}`)
        })
      })
      for (const { topic } of peers) await topic.broadcast(bytes('hello'))
      await mesh.run(5_000)
      await mesh.close()
      return heard
    }
    const first = await run()
    expect(first).toHaveLength(30)
    expect(await run()).toEqual(first)
  })

  it('a link has the latency that was asked for', async () => {
    const [ann, bob] = await open({ time: 'virtual', latencyMs: 70 }).peers(2, 'tea')
    const said = mesh.now
    let heard: number | undefined
    bob!.topic.addEventListener('received', () => {
      heard = mesh.now
    })
    await ann!.topic.broadcast(bytes('hello'))
    await mesh.until(() => heard !== undefined)
    expect(heard! - said).toBeGreaterThanOrEqual(70)
    expect(heard! - said).toBeLessThan(100)
  })

  it('a peer that fell dead is noticed by silence', async () => {
    const peers = await open({ time: 'virtual' }).peers(4, 'tea')
    const [dead, ...rest] = peers as [MeshPeer, ...MeshPeer[]]
    const reasons: string[] = []
    rest[0]!.topic.addEventListener('neighborDown', ({ detail }) => reasons.push(detail.reason))
    const start = mesh.now
    mesh.crash(dead.gossip)
    await mesh.until(() => rest.every(({ topic }) => !topic.neighbors.includes(dead.gossip.peerId)))
    expect(mesh.now - start).toBeGreaterThan(2_000)
  })

  it('a network that is cut keeps its sides apart until it is healed', async () => {
    const peers = await open({ time: 'virtual' }).peers(6, 'tea')
    const gossips = peers.map(({ gossip }) => gossip)
    mesh.partition(gossips.slice(0, 3), gossips.slice(3))
    await mesh.run(30_000)
    const heard = listen(peers)
    await peers[0]!.topic.broadcast(bytes('on this side'))
    await mesh.run(5_000)
    expect(heard.map(texts => texts.length)).toEqual([0, 1, 1, 0, 0, 0])
    mesh.heal()
    const whole = listen(peers)
    await mesh.until(() => peers.every(({ topic }) => topic.isJoined))
    await mesh.run(120_000)
    await peers[0]!.topic.broadcast(bytes('on both'))
    await mesh.until(() =>
      whole.slice(1).every(texts => texts.some(text => text.endsWith('on both'))),
    )
  })
})

it('in real time, a peer leaves with parting words', async () => {
  const [ann, bob] = await open().peers(2, 'tea')
  const left = new Promise<string>(resolve =>
    bob!.topic.addEventListener('neighborDown', ({ detail }) => resolve(detail.reason), {
      once: true,
    }),
  )
  await ann!.gossip.shutdown()
  expect(await left).toBe('left')
})

it.each([
  [{ tim: 'virtual' }, 'options has no tim; there are seed, latencyMs, time.'],
  [{ time: 'virtually' }, 'time must be real or virtual.'],
  [{ latencyMs: -1 }, 'latencyMs must be a number of milliseconds from 0.'],
  [{ latencyMs: NaN }, 'latencyMs must be a number of milliseconds from 0.'],
  [{ seed: 'x' }, 'seed must be a whole number.'],
  ['virtual', 'options must be an object.'],
])('options that are wrong are refused: %j', (options, text) => {
  expect(() => createMesh(options as MeshOptions)).toThrow(new TypeError(text))
})

/** What each hears from here on: id and text. */
function listen(peers: readonly MeshPeer[]): string[][] {
  return peers.map(({ topic }) => {
    const texts: string[] = []
    topic.addEventListener('received', ({ detail }) => {
      texts.push(`${detail.id} ${new TextDecoder().decode(detail.content)}`)
    })
    return texts
  })
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

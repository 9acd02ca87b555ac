// The client's session and this server, over real sockets: what one says the other understands.
import { sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { topicIdFromBytes } from '../src/core/ids.js'
import { Random } from '../src/core/random.js'
import { SignalingSession } from '../src/signaling/session.js'
import type { SessionConfig, SessionInput, SessionOutput } from '../src/signaling/session-io.js'
import { Client, makeIdentity } from './client.suite.js'
import { createSignalingServer, type SignalingServer } from './server.js'

const topic = topicIdFromBytes(new Uint8Array(32).fill(1))
const closers: (() => Promise<unknown> | unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Performs a session's outputs, as a worker would. */
class Performer {
  readonly identity = makeIdentity()
  readonly done: SessionOutput[] = []
  private readonly session: SignalingSession
  private readonly sockets = new Map<number, WebSocket>()
  private timer: NodeJS.Timeout | undefined

  constructor(url: string, config: Partial<SessionConfig> = {}) {
    const random = new Random(1)
    const { peer } = this.identity
    this.session = new SignalingSession({ url, peer, protocol: 'test/1', random, config })
    closers.push(() => this.do({ type: 'stop' }))
  }

  get state() {
    return this.session.state
  }

  do(input: SessionInput): void {
    for (const output of this.session.handle(performance.now(), input)) this.perform(output)
    clearTimeout(this.timer)
    const next = this.session.nextDeadline
    if (next === undefined) return
    const pause = Math.max(0, next.at - performance.now())
    this.timer = setTimeout(() => this.do({ type: 'wake' }), pause)
  }

  /** The first output of this kind since the last such question, once it is there. */
  async next<T extends SessionOutput['type']>(
    type: T,
  ): Promise<Extract<SessionOutput, { type: T }>> {
    const find = () => this.done.findIndex(output => output.type === type)
    await expect.poll(find, { timeout: 4_000 }).toBeGreaterThanOrEqual(0)
    return this.done.splice(find(), 1)[0] as Extract<SessionOutput, { type: T }>
  }

  private perform(output: SessionOutput): void {
    this.done.push(output)
    switch (output.type) {
      case 'open-socket':
        this.open(output.socket, output.url)
        break
      case 'close-socket':
        this.sockets.get(output.socket)?.close()
        break
      case 'send-text':
        this.sockets.get(output.socket)?.send(output.text)
        break
      case 'sign': {
        const { socket, bytes } = output
        const signature = new Uint8Array(sign(null, bytes, this.identity.privateKey))
        queueMicrotask(() => this.do({ type: 'proved', socket, signature }))
      }
    }
  }

  private open(socket: number, url: string): void {
    const ws = new WebSocket(url)
    this.sockets.set(socket, ws)
    ws.on('open', () => this.do({ type: 'socket-opened', socket }))
    ws.on('message', bytes => this.do({ type: 'socket-text', socket, text: bytes.toString() }))
    ws.on('error', () => {})
    ws.on('close', code => {
      this.sockets.delete(socket)
      this.do({ type: 'socket-closed', socket, code })
    })
  }
}

async function serve(port = 0): Promise<{ signaling: SignalingServer; port: number; url: string }> {
  const signaling = createSignalingServer({ iceServers: [{ urls: 'stun:a.example' }] })
  closers.push(() => signaling.close())
  await new Promise<void>(resolve => signaling.server.listen(port, '127.0.0.1', resolve))
  const address = signaling.server.address() as AddressInfo
  return { signaling, port: address.port, url: `ws://127.0.0.1:${address.port}/signaling` }
}

it('two sessions meet through the server and exchange signals', async () => {
  const { url } = await serve()
  const [a, b] = [new Performer(url), new Performer(url)]
  a.do({ type: 'start' })
  a.do({ type: 'enter', topic })
  expect(await a.next('introduced')).toEqual({ type: 'introduced', topic, peers: [] })
  b.do({ type: 'enter', topic })
  b.do({ type: 'start' })
  expect(await b.next('introduced')).toMatchObject({ peers: [a.identity.peer] })
  expect(await b.next('ice-servers')).toMatchObject({ servers: [{ urls: 'stun:a.example' }] })
  const body = new Uint8Array(20 * 1024).fill(5)
  b.do({ type: 'send', to: a.identity.peer, body })
  expect(await a.next('signal')).toEqual({ type: 'signal', from: b.identity.peer, body })
  b.do({ type: 'send', to: makeIdentity().peer, body })
  await b.next('undeliverable')
})

it('a session finds its way back when the server stops and starts again, and enters its topics', async () => {
  const first = await serve()
  const a = new Performer(first.url, { backoff: { firstMs: 50, largestMs: 200 } })
  a.do({ type: 'start' })
  a.do({ type: 'enter', topic })
  await a.next('introduced')
  await first.signaling.close()
  expect(a.state).toBe('lost')
  await serve(first.port)
  // The network's return spares the second or more that the stopping server asked for.
  a.do({ type: 'online' })
  await a.next('introduced')
  expect(a.state).toBe('open')
})

it('a session whose server is down at first is open soon after it is up', async () => {
  const { signaling, port, url } = await serve()
  await signaling.close()
  const a = new Performer(url, { backoff: { firstMs: 50, largestMs: 200 } })
  a.do({ type: 'start' })
  await expect.poll(() => a.state).toBe('lost')
  await serve(port)
  await expect.poll(() => a.state, { timeout: 4_000 }).toBe('open')
})

it('a session gives up a server that accepts sockets and says nothing', async () => {
  const silent = createServer()
  silent.on('upgrade', (_, socket) => closers.push(() => socket.destroy()))
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    silent.close()
    silent.closeAllConnections()
  })
  const { port } = silent.address() as AddressInfo
  const a = new Performer(`ws://127.0.0.1:${port}/`, { handshakeTimeoutMs: 50 })
  a.do({ type: 'start' })
  await a.next('close-socket')
  expect(a.state).toBe('lost')
})

it('a session and a hand-written client understand each other', async () => {
  const { url } = await serve()
  const a = new Performer(url)
  a.do({ type: 'start' })
  a.do({ type: 'enter', topic })
  await a.next('introduced')
  const b = new Client(url)
  await b.opened()
  b.hello()
  await b.prove()
  await b.next('ready')
  expect(await b.enter(topic)).toEqual([a.identity.peer])
})

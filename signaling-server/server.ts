// Sockets ⇄ doors ⇄ rooms: everything that touches the network. What is decided is decided in door.ts and
// rooms.ts; here it is performed, with limits where sockets begin.
import { randomBytes, randomInt } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { PeerId } from '../src/core/ids.js'
import { Random } from '../src/core/random.js'
import type { IceServer } from '../src/signaling/ice-server.js'
import { CLOSE_CODES, type ServerText } from '../src/signaling/messages.js'
import { Door, type DoorOutput } from './door.js'
import { verifyEd25519 } from './ed25519.js'
import { IceServers } from './ice.js'
import type { Limits } from './limits.js'
import { Log } from './log.js'
import { checkOptions, type SignalingServerOptions } from './options.js'
import { Rooms, type RoomsOutput } from './rooms.js'

/** A signaling server at work. */
export interface SignalingServer {
  /** The HTTP server whose sockets are taken: the caller's, or one of its own that nobody listens with yet. */
  readonly server: Server
  /**
   * Answers GET and HEAD of /healthz, in JSON with `ok`, `peers`, `topics` and `uptime` (seconds), 503 once it is closed, and
   * says true; leaves anything else alone and says false. For a server of the caller's.
   */
  respond(request: IncomingMessage, response: ServerResponse): boolean
  /** What it does now and has done; a copy. */
  stats(): SignalingStats
  /**
   * Takes no more sockets, tells every client when to come back, and closes all. Resolves within about a
   * second. A server of the caller's stays open. Calling it again returns the same promise.
   */
  close(): Promise<void>
}

/** Numbers of one signaling server. */
export interface SignalingStats {
  /** Proven peers. */
  peers: number
  /** Topics with someone in them. */
  topics: number
  /** Open sockets, proven or not. */
  sockets: number
  /** Whole seconds since it was made. */
  uptimeSeconds: number
  /** What happened since the start, drops and refusals included, by name; what never happened is not there. Names may change. */
  counters: Record<string, number>
}

/**
 * Introduces peers to one another and passes their signals, on the sockets of an HTTP server.
 *
 * ```ts
 * const signaling = createSignalingServer({ origin: 'signaling.example.org' })
 * signaling.server.listen(8787)
 * ```
 *
 * Throws a TypeError that names the option which is wrong.
 */
export function createSignalingServer(options: SignalingServerOptions = {}): SignalingServer {
  return new Signaling(options)
}

class Signaling implements SignalingServer {
  readonly server: Server
  private readonly owned: boolean
  private readonly path: string
  private readonly iceServers: IceServers
  private readonly limits: Limits
  private readonly origins: readonly string[] | undefined
  private readonly trustProxy: boolean
  private readonly log: Log
  private readonly startedAt = performance.now()
  private readonly random = new Random(randomInt(2 ** 32))
  private readonly rooms: Rooms
  private readonly clients = new Map<number, Client>()
  private readonly perAddress = new Map<string, number>()
  private readonly counters: Record<string, number> = {}
  private readonly sockets: WebSocketServer
  private readonly round: NodeJS.Timeout
  private nextSocket = 1
  private closed: Promise<void> | undefined

  constructor(options: SignalingServerOptions) {
    const { server, path, iceServers, limits, origins, trustProxy, log } = checkOptions(options)
    this.owned = server === undefined
    this.server = server ?? createServer(this.onRequest)
    this.path = path
    this.iceServers = new IceServers(iceServers, why => {
      this.count('ice-servers-failed')
      this.log.say(why)
    })
    this.limits = limits
    this.origins = origins
    this.trustProxy = trustProxy
    this.log = new Log(log, () => this.count('log-failed'))
    this.rooms = new Rooms(this.random, this.limits)
    this.sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: this.limits.messageBytes,
      maxFragments: MOST_FRAGMENTS,
      // Messages are small and the bodies in them don't compress.
      perMessageDeflate: false,
      // Pings count against the rate, so they are answered here.
      autoPong: false,
    })
    this.server.on('upgrade', this.onUpgrade)
    this.round = setInterval(() => this.goRound(), this.limits.pingIntervalMs)
  }

  respond(request: IncomingMessage, response: ServerResponse): boolean {
    if (!/^(GET|HEAD)$/.test(request.method ?? '') || pathOf(request) !== '/healthz') return false
    const ok = this.closed === undefined
    const { peers, topics, uptimeSeconds } = this.stats()
    response.writeHead(ok ? 200 : 503, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
    })
    response.end(JSON.stringify({ ok, peers, topics, uptime: uptimeSeconds }))
    return true
  }

  stats(): SignalingStats {
    return {
      peers: this.rooms.peers,
      topics: this.rooms.topics,
      sockets: this.clients.size,
      uptimeSeconds: Math.floor((performance.now() - this.startedAt) / 1000),
      counters: { ...this.counters },
    }
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown()
    return this.closed
  }

  private async shutDown(): Promise<void> {
    clearInterval(this.round)
    const gone = [...this.clients.values()].map(client => {
      // Not all at once: who comes back together falls together.
      const retryAfterMs = Math.round(this.random.between(RETRY_AFTER_MS, 5 * RETRY_AFTER_MS))
      this.send(client, { type: 'closing', retryAfterMs })
      return this.hangUp(client, CLOSE_CODES.goingAway, 'stopping')
    })
    await Promise.all(gone)
    this.server.off('upgrade', this.onUpgrade)
    this.sockets.close()
    if (!this.owned || !this.server.listening) return
    await new Promise<void>(resolve => {
      this.server.close(() => resolve())
      this.server.closeAllConnections()
    })
  }

  // ——— sockets come and go

  private readonly onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.respond(request, response)) return
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
    response.end('Not found\n')
  }

  private readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== this.path) {
      // Someone else on the same server may be waiting for it.
      if (this.owned || this.server.listenerCount('upgrade') === 1) refuse(socket, 404, 'Not Found')
      return
    }
    const address = this.addressOf(request)
    if (this.closed !== undefined) refuse(socket, 503, 'Service Unavailable')
    else if (this.clients.size >= this.limits.sockets) {
      this.count('sockets-full')
      this.log.say(`All ${this.limits.sockets} sockets are taken; newcomers are refused.`)
      refuse(socket, 503, 'Service Unavailable')
    } else if ((this.perAddress.get(address) ?? 0) >= this.limits.socketsPerAddress) {
      this.count('sockets-refused')
      this.log.say(
        `One address has ${this.limits.socketsPerAddress} sockets; more are refused. Behind a proxy, set TRUST_PROXY.`,
      )
      refuse(socket, 429, 'Too Many Requests')
    } else {
      this.sockets.handleUpgrade(request, socket, head, ws => this.accept(ws, address, request))
    }
  }

  private accept(ws: WebSocket, address: string, request: IncomingMessage): void {
    const now = performance.now()
    const door = new Door(now, {
      limits: this.limits,
      nonce: randomBytes(32).toString('base64'),
      origins: this.origins ?? [(request.headers.host ?? '').toLowerCase()],
      verify: verifyEd25519,
    })
    const socket = this.nextSocket++
    const client: Client = {
      socket,
      ws,
      door,
      address,
      answered: true,
      peer: undefined,
      readyAt: now,
      isAsking: false,
      handshake: setTimeout(
        () => this.perform(client, door.timeUp(performance.now())),
        this.limits.handshakeTimeoutMs + 1,
      ),
    }
    this.clients.set(socket, client)
    this.perAddress.set(address, (this.perAddress.get(address) ?? 0) + 1)
    this.count('sockets-opened')
    ws.on('message', (bytes: Buffer, isBinary: boolean) => {
      const text = isBinary ? undefined : bytes.toString('utf8')
      this.perform(client, door.hear(performance.now(), text, bytes.length))
    })
    for (const kind of ['ping', 'pong'] as const) {
      ws.on(kind, (bytes: Buffer) => {
        if (kind === 'pong') client.answered = true
        this.perform(client, door.control(performance.now(), kind, bytes.length), bytes)
      })
    }
    // Frames that break the WebSocket protocol or are too large; 'close' follows.
    ws.on('error', () => this.count('sockets-failed'))
    ws.on('close', () => this.forget(client))
  }

  private forget(client: Client): void {
    if (!this.clients.delete(client.socket)) return
    clearTimeout(client.handshake)
    const left = this.perAddress.get(client.address)! - 1
    if (left > 0) this.perAddress.set(client.address, left)
    else this.perAddress.delete(client.address)
    this.performRooms(this.rooms.handle({ type: 'depart', socket: client.socket }))
  }

  /** Every few seconds: who did not answer the last ping is gone, and credentials are renewed. */
  private goRound(): void {
    const now = performance.now()
    for (const client of [...this.clients.values()]) {
      if (!client.answered) {
        this.count('sockets-silent')
        client.ws.terminate()
        continue
      }
      client.answered = false
      client.ws.ping()
      if (now - client.readyAt >= this.iceServers.refreshMs) this.refresh(client)
    }
  }

  // ——— performing

  private perform(client: Client, outputs: DoorOutput[], ping?: Buffer): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          this.send(client, output.message)
          if (output.message.type === 'error' && output.message.code === 'origin') {
            this.log.say(
              'A client knows this server by another host than the server does. Behind a proxy, set ORIGIN.',
            )
          }
          break
        case 'admit':
          clearTimeout(client.handshake)
          this.iceServers.ask(output.peer, servers => this.admit(client, output, servers))
          break
        case 'pass':
          this.performRooms(this.rooms.handle({ ...output.message, socket: client.socket }))
          break
        case 'pong':
          if (client.ws.readyState === client.ws.OPEN) client.ws.pong(ping)
          break
        case 'close':
          void this.hangUp(client, output.code, output.reason)
          break
        case 'count':
          this.count(output.counter)
      }
    }
  }

  private performRooms(outputs: RoomsOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'count') {
        this.count(output.counter)
        continue
      }
      const client = this.clients.get(output.socket)
      if (client === undefined) continue
      if (output.type === 'send') this.send(client, output.message)
      else void this.hangUp(client, output.code, output.reason)
    }
  }

  /** It may have gone while its servers were asked for. */
  private admit(client: Client, proven: Proven, iceServers: IceServer[] | undefined): void {
    const { peer, protocol } = proven
    if (this.clients.get(client.socket) !== client || this.closed !== undefined) return
    client.peer = peer
    this.performRooms(this.rooms.handle({ type: 'arrive', socket: client.socket, peer, protocol }))
    this.sayReady(client, iceServers ?? [])
    // The next round tries again.
    if (iceServers === undefined) client.readyAt = -Infinity
  }

  /** Where none can be had, what it has may still be good; the next round tries again. */
  private refresh(client: Client): void {
    if (client.peer === undefined || client.isAsking) return
    client.isAsking = true
    this.iceServers.ask(client.peer, servers => {
      client.isAsking = false
      if (servers !== undefined) this.sayReady(client, servers)
    })
  }

  private sayReady(client: Client, iceServers: IceServer[]): void {
    client.readyAt = performance.now()
    const { messageBytes, messagesPerSecond, bytesPerSecond, topicsPerPeer } = this.limits
    this.send(client, {
      type: 'ready',
      iceServers,
      limits: { messageBytes, messagesPerSecond, bytesPerSecond, topics: topicsPerPeer },
    })
  }

  private send(client: Client, message: ServerText): void {
    if (client.ws.readyState !== client.ws.OPEN) return
    if (client.ws.bufferedAmount > this.limits.unreadBytes) {
      this.count('sockets-unread')
      client.ws.terminate()
      return
    }
    client.ws.send(JSON.stringify(message))
  }

  /** Resolves when the socket is closed, by force if the client does not close its side soon. */
  private hangUp(client: Client, code: number, reason: string): Promise<void> {
    if (client.ws.readyState === client.ws.CLOSED) return Promise.resolve()
    return new Promise(resolve => {
      const force = setTimeout(() => client.ws.terminate(), CLOSE_WITHIN_MS)
      client.ws.once('close', () => {
        clearTimeout(force)
        resolve()
      })
      client.ws.close(code, reason)
      // From here on it is nobody: what it still says does not reach the rooms.
      this.performRooms(this.rooms.handle({ type: 'depart', socket: client.socket }))
    })
  }

  private addressOf(request: IncomingMessage): string {
    const forwarded = this.trustProxy ? request.headers['x-forwarded-for'] : undefined
    const last = [forwarded].flat().join(',').split(',').at(-1)?.trim()
    return last || request.socket.remoteAddress || 'unknown'
  }

  private count(counter: string): void {
    this.counters[counter] = (this.counters[counter] ?? 0) + 1
  }
}

type Proven = Extract<DoorOutput, { type: 'admit' }>

interface Client {
  readonly socket: number
  readonly ws: WebSocket
  readonly door: Door
  readonly address: string
  readonly handshake: NodeJS.Timeout
  /** Whether it answered the last ping. */
  answered: boolean
  /** Undefined until proven. */
  peer: PeerId | undefined
  /** When it last got ICE servers. */
  readyAt: number
  /** Its next ones are asked for. */
  isAsking: boolean
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0]!
}

function refuse(socket: Duplex, status: number, text: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** What a client may take to close its side. Guess; `npm start` wants to be gone within 1.5 s. */
const CLOSE_WITHIN_MS = 500

/** A restart takes about this long. Guess. */
const RETRY_AFTER_MS = 1_000

/** Browsers send a message of 32 KiB in one frame. Guess. */
const MOST_FRAGMENTS = 64

// The client's side of signaling as a pure machine: one connection at a time, re-made for as long as it is
// wanted, with all topics entered again each time. It holds no socket and no key; it asks for them.
import type { Deadline } from '../core/deadline.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { SignalingState } from '../core/io.js'
import type { Random } from '../core/random.js'
import { Timers } from '../core/timers.js'
import { backoffMs } from './backoff.js'
import { toBase64 } from './base64.js'
import type { ClientText } from './client-messages.js'
import {
  CLOSE_CODES,
  challengeBytes,
  originOf,
  readServerMessage,
  type ServerMessage,
  SIGNALING_VERSION,
} from './messages.js'
import {
  SESSION_DEFAULTS,
  type SessionConfig,
  type SessionCounter,
  type SessionInput,
  type SessionNotice,
  type SessionOptions,
  type SessionOutput,
} from './session-io.js'
import { LARGEST_SIGNAL_BYTES } from './signal.js'

type Stage =
  | { name: 'stopped' }
  | { name: 'waiting' }
  | { name: 'opening' | 'greeted'; socket: number }
  | { name: 'signing' | 'proving'; socket: number; heartbeatMs: number }
  | { name: 'open'; socket: number; heartbeatMs: number }

export class SignalingSession {
  readonly #url: string
  readonly #origin: string
  readonly #peer: PeerId
  readonly #protocol: string
  readonly #random: Random
  readonly #config: SessionConfig
  readonly #topics = new Set<TopicId>()
  readonly #timers = new Timers<'retry' | 'handshake' | 'ping' | 'answer' | 'stable'>()
  /** Codes of refusals already told on this connection. */
  readonly #told = new Set<string>()
  #stage: Stage = { name: 'stopped' }
  #sockets = 0
  /** Failures since a connection was stable. */
  #failures = 0
  #state: SignalingState = 'none'
  #outputs: SessionOutput[] = []

  /** @throws RangeError where `url` is no ws: or wss: URL, or `protocol` has not 1 to 64 letters. */
  constructor({ url, peer, protocol, random, config }: SessionOptions) {
    const origin = originOf(url)
    if (origin === undefined) throw new RangeError(`url: ${url} is no ws: or wss: URL`)
    if (protocol.length < 1 || protocol.length > 64) {
      throw new RangeError(`protocol: ${protocol.length} letters, not 1 to 64`)
    }
    this.#url = url
    this.#origin = origin
    this.#peer = peer
    this.#protocol = protocol
    this.#random = random
    this.#config = { ...SESSION_DEFAULTS, ...config }
  }

  get state(): SignalingState {
    return this.#state
  }

  get nextDeadline(): Deadline | undefined {
    return this.#timers.next
  }

  handle(now: Millis, input: SessionInput): SessionOutput[] {
    this.#outputs = []
    if ('socket' in input && !this.#isCurrent(input.socket)) return this.#outputs
    switch (input.type) {
      case 'start':
        if (this.#stage.name === 'stopped') this.#open(now)
        break
      case 'stop':
        this.#stop()
        break
      case 'socket-opened':
        this.#socketOpened(input.socket)
        break
      case 'socket-text':
        this.#socketText(now, input.text)
        break
      case 'socket-closed':
        this.#socketClosed(now, input.code)
        break
      case 'proved':
        this.#proved(input.signature)
        break
      case 'enter':
        this.#enter(input.topic)
        break
      case 'exit':
        if (this.#topics.delete(input.topic)) this.#say({ type: 'leave', topic: input.topic })
        break
      case 'send':
        this.#send(input.to, input.body)
        break
      case 'online':
        this.#online(now)
        break
      case 'wake':
        for (const name of this.#timers.due(now)) this.#timeUp(now, name)
        break
    }
    return this.#outputs
  }

  // ——— connecting

  #open(now: Millis): void {
    const socket = ++this.#sockets
    this.#stage = { name: 'opening', socket }
    this.#told.clear()
    this.#timers.clearAll()
    this.#timers.set('handshake', now + this.#config.handshakeTimeoutMs)
    // While it was lost it stays lost until it is open: retries are no news.
    if (this.#state === 'none') this.#become('connecting')
    if (socket > 1) this.#count('signaling-reconnects')
    this.#outputs.push({ type: 'open-socket', socket, url: this.#url })
  }

  #socketOpened(socket: number): void {
    if (this.#stage.name !== 'opening') {
      return this.#count('signaling-unexpected')
    }
    this.#stage = { name: 'greeted', socket }
    const peer = this.#peer
    const protocol = this.#protocol
    this.#write(socket, { type: 'hello', version: SIGNALING_VERSION, peer, protocol })
  }

  #challenged({ nonce, heartbeatMs }: Said<'challenge'>): void {
    if (this.#stage.name !== 'greeted') {
      return this.#count('signaling-unexpected')
    }
    const { socket } = this.#stage
    this.#stage = { name: 'signing', socket, heartbeatMs }
    this.#outputs.push({
      type: 'sign',
      socket,
      bytes: challengeBytes(this.#origin, nonce, this.#peer),
    })
  }

  #proved(signature: Uint8Array): void {
    if (this.#stage.name !== 'signing') {
      return this.#count('signaling-unexpected')
    }
    this.#stage = { ...this.#stage, name: 'proving' }
    this.#write(this.#stage.socket, {
      type: 'prove',
      origin: this.#origin,
      signature: toBase64(signature),
    })
  }

  #ready(now: Millis, { iceServers }: Said<'ready'>): void {
    if (this.#stage.name === 'open') {
      this.#outputs.push({ type: 'ice-servers', servers: iceServers })
      return
    }
    if (this.#stage.name !== 'proving') {
      return this.#count('signaling-unexpected')
    }
    const { socket, heartbeatMs } = this.#stage
    this.#stage = { name: 'open', socket, heartbeatMs }
    this.#timers.clear('handshake')
    this.#timers.set('stable', now + this.#config.stableMs)
    this.#timers.set('ping', now + heartbeatMs)
    // First the ICE servers: `open` and introductions may lead to a dial at once.
    this.#outputs.push({ type: 'ice-servers', servers: iceServers })
    const wasLost = this.#state === 'lost'
    this.#become('open')
    if (wasLost) this.#notice('signaling-open', 'The signaling server is back.')
    for (const topic of this.#topics) this.#say({ type: 'enter', topic })
  }

  // ——— talking

  #socketText(now: Millis, text: string): void {
    const message = readServerMessage(text)
    if (message === undefined) {
      return this.#count('signaling-malformed')
    }
    // Anything said shows that the server lives.
    this.#timers.clear('answer')
    switch (message.type) {
      case 'challenge':
        this.#challenged(message)
        break
      case 'ready':
        this.#ready(now, message)
        break
      case 'error':
        this.#refused(now, message)
        break
      case 'closing':
        this.#giveUp(
          now,
          'The signaling server is stopping.',
          message.retryAfterMs + this.#pauseMs(),
        )
        break
      case 'pong':
        break
      default:
        if (this.#stage.name === 'open') this.#heard(message)
        else this.#count('signaling-unexpected')
    }
  }

  #heard(message: Said<'entered' | 'signal' | 'undeliverable'>): void {
    if (message.type === 'signal') {
      this.#outputs.push({ type: 'signal', from: message.from, body: message.body })
    } else if (message.type === 'undeliverable') {
      this.#count('signaling-undeliverable')
      this.#outputs.push({ type: 'undeliverable', to: message.to })
    } else if (this.#topics.has(message.topic)) {
      const peers = [...new Set(message.peers)].filter(peer => peer !== this.#peer)
      this.#outputs.push({ type: 'introduced', topic: message.topic, peers })
    } else {
      this.#count('signaling-unexpected')
    }
  }

  #enter(topic: TopicId): void {
    if (!this.#topics.has(topic) && this.#topics.size >= this.#config.topics) {
      this.#count('signaling-too-many-topics')
      const message = `No more than ${this.#config.topics} topics can be entered at once.`
      this.#notice('signaling-refused', message)
      return
    }
    this.#topics.add(topic)
    this.#say({ type: 'enter', topic })
  }

  #send(to: PeerId, body: Uint8Array): void {
    if (body.length === 0 || body.length > LARGEST_SIGNAL_BYTES) {
      throw new RangeError(`body: ${body.length} bytes, not 1 to ${LARGEST_SIGNAL_BYTES}`)
    }
    if (this.#stage.name === 'open') {
      this.#say({ type: 'signal', to, body: toBase64(body) })
      return
    }
    // Not kept for later: a signal ages in seconds, and who sent it knows best what to do next.
    this.#count('signaling-unsent')
    this.#outputs.push({ type: 'undeliverable', to })
  }

  /** Says it where there is a connection; else it is said, or not needed, when one opens. */
  #say(message: ClientText): void {
    if (this.#stage.name === 'open') this.#write(this.#stage.socket, message)
  }

  #write(socket: number, message: ClientText): void {
    this.#outputs.push({ type: 'send-text', socket, text: JSON.stringify(message) })
  }

  // ——— time

  #timeUp(now: Millis, name: 'retry' | 'handshake' | 'ping' | 'answer' | 'stable'): void {
    switch (name) {
      case 'retry':
        this.#open(now)
        break
      case 'handshake':
        this.#giveUp(now, 'The signaling server did not answer in time.')
        break
      case 'answer':
        this.#giveUp(now, 'The signaling server fell silent.')
        break
      case 'stable':
        this.#failures = 0
        break
      case 'ping':
        this.#ping(now)
        break
    }
  }

  #ping(now: Millis): void {
    if (this.#stage.name !== 'open') return
    this.#say({ type: 'ping' })
    this.#timers.set('ping', now + this.#stage.heartbeatMs)
    this.#timers.ensure('answer', now + this.#config.answerTimeoutMs)
  }

  #online(now: Millis): void {
    if (this.#stage.name === 'waiting') {
      this.#failures = 0
      this.#open(now)
    } else {
      // The socket may have died with the old network: find out now.
      this.#ping(now)
    }
  }

  // ——— losing

  #socketClosed(now: Millis, code: number): void {
    switch (code) {
      case CLOSE_CODES.replaced:
        // Two with one key would throw each other out for ever: go slowly.
        this.#lose(now, 'This identity connected elsewhere.', this.#longPauseMs())
        return
      case CLOSE_CODES.refused:
      case CLOSE_CODES.tooMuch:
        this.#lose(now, 'The signaling server refused us.', this.#longPauseMs())
        return
    }
    const reason =
      this.#stage.name === 'opening'
        ? 'The signaling server can not be reached.'
        : 'The connection to the signaling server was lost.'
    this.#lose(now, reason, this.#pauseMs())
  }

  #refused(now: Millis, { code, message, fatal }: Said<'error'>): void {
    if (!this.#told.has(code)) {
      this.#told.add(code)
      this.#notice('signaling-refused', `The signaling server refused: ${message} (${code}).`)
    }
    if (fatal) this.#giveUp(now, 'The signaling server refused us.', this.#longPauseMs())
  }

  #giveUp(now: Millis, reason: string, pauseMs = this.#pauseMs()): void {
    this.#closeSocket()
    this.#lose(now, reason, pauseMs)
  }

  #lose(now: Millis, reason: string, pauseMs: number): void {
    const first = this.#state !== 'lost'
    this.#stage = { name: 'waiting' }
    this.#timers.clearAll()
    this.#timers.set('retry', now + pauseMs)
    this.#become('lost')
    if (first) this.#notice('signaling-lost', `${reason} Trying again.`)
  }

  #stop(): void {
    this.#closeSocket()
    this.#stage = { name: 'stopped' }
    this.#timers.clearAll()
    this.#failures = 0
    this.#become('none')
  }

  #closeSocket(): void {
    if ('socket' in this.#stage) {
      this.#outputs.push({ type: 'close-socket', socket: this.#stage.socket })
    }
  }

  #pauseMs(): number {
    return backoffMs(this.#failures++, this.#random, this.#config.backoff)
  }

  #longPauseMs(): number {
    return backoffMs(Number.POSITIVE_INFINITY, this.#random, this.#config.backoff)
  }

  // ——— telling

  #become(state: SignalingState): void {
    if (this.#state === state) return
    this.#state = state
    this.#outputs.push({ type: 'state', state })
  }

  #isCurrent(socket: number): boolean {
    if ('socket' in this.#stage && this.#stage.socket === socket) return true
    this.#count('signaling-stale')
    return false
  }

  #notice(code: SessionNotice, message: string): void {
    this.#outputs.push({ type: 'notice', code, message })
  }

  #count(counter: SessionCounter): void {
    this.#outputs.push({ type: 'count', counter })
  }
}

type Said<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>

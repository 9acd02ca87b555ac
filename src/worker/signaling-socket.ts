import type { IceServer } from '../bridge/rtc-messages.js'
import type { Deadline } from '../core/deadline.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { SignalingState } from '../core/io.js'
import type { SignalingSession } from '../signaling/session.js'
import type { SessionInput, SessionNotice } from '../signaling/session-io.js'
import type { Identity } from './identity.js'
import type { Sleeper } from './wake.js'

/** Opens a WebSocket; throws for a URL that it refuses. */
export type OpenSocket = (url: string) => WebSocket

/** The WebSocket around the signaling session, which decides when to open, what to say and when to give up. */
export class SignalingSocket implements Sleeper {
  readonly #session: SignalingSession
  readonly #identity: Identity
  readonly #clock: () => Millis
  readonly #openSocket: OpenSocket
  readonly #events: {
    state(state: SignalingState, reason: string): void
    introduced(topic: TopicId, peers: PeerId[]): void
    signal(from: PeerId, body: Uint8Array): void
    undeliverable(to: PeerId): void
    iceServers(servers: IceServer[]): void
    notice(code: SessionNotice, message: string): void
    count(counter: string): void
    changed(): void
  }
  #socket: WebSocket | undefined
  #number = 0
  #isCut = false

  constructor(
    session: SignalingSession,
    identity: Identity,
    clock: () => Millis,
    events: {
      state(state: SignalingState, reason: string): void
      introduced(topic: TopicId, peers: PeerId[]): void
      signal(from: PeerId, body: Uint8Array): void
      undeliverable(to: PeerId): void
      iceServers(servers: IceServer[]): void
      notice(code: SessionNotice, message: string): void
      count(counter: string): void
      changed(): void
    },
    openSocket: OpenSocket = url => new WebSocket(url),
  ) {
    this.#session = session
    this.#identity = identity
    this.#clock = clock
    this.#openSocket = openSocket
    this.#events = events
  }

  start(): void {
    this.#drive({ type: 'start' })
  }

  enter(topic: TopicId): void {
    this.#drive({ type: 'enter', topic })
  }

  exit(topic: TopicId): void {
    this.#drive({ type: 'exit', topic })
  }

  send(to: PeerId, body: Uint8Array): void {
    this.#drive({ type: 'send', to, body })
  }

  online(): void {
    this.#drive({ type: 'online' })
  }

  stop(): void {
    this.#drive({ type: 'stop' })
  }

  /** As if the way to the server were cut, or mended again. */
  cut(isCut: boolean): void {
    this.#isCut = isCut
    if (!isCut) return this.online()
    this.#close()
    this.#fail(this.#number, '')
  }

  get nextDeadline(): Deadline | undefined {
    return this.#session.nextDeadline
  }

  wake(_now: Millis): void {
    this.#drive({ type: 'wake' })
  }

  #drive(input: SessionInput): void {
    for (const output of this.#session.handle(this.#clock(), input)) {
      switch (output.type) {
        case 'open-socket':
          this.#open(output.socket, output.url)
          break
        case 'close-socket':
          this.#close()
          break
        case 'send-text':
          this.#socket?.send(output.text)
          break
        case 'sign': {
          const { socket, bytes } = output
          void this.#identity
            .sign(bytes)
            .then(signature => this.#drive({ type: 'proved', socket, signature }))
          break
        }
        case 'state':
          this.#events.state(output.state, output.reason)
          break
        case 'introduced':
          this.#events.introduced(output.topic, output.peers)
          break
        case 'signal':
          this.#events.signal(output.from, output.body)
          break
        case 'undeliverable':
          this.#events.undeliverable(output.to)
          break
        case 'ice-servers':
          this.#events.iceServers(output.servers)
          break
        case 'notice':
          this.#events.notice(output.code, output.message)
          break
        case 'count':
          this.#events.count(output.counter)
      }
    }
    this.#events.changed()
  }

  #open(number: number, url: string): void {
    this.#close()
    this.#number = number
    if (this.#isCut) return queueMicrotask(() => this.#fail(number, ''))
    let socket: WebSocket
    try {
      socket = this.#openSocket(url)
    } catch (error) {
      // A URL the browser refuses (mixed content, a blocked port): the same as unreachable, with its reason.
      const reason = error instanceof Error ? error.message : String(error)
      return queueMicrotask(() => this.#fail(number, reason))
    }
    this.#socket = socket
    socket.onopen = () => this.#drive({ type: 'socket-opened', socket: number })
    socket.onmessage = ({ data }) => {
      const text = typeof data === 'string' ? data : ''
      this.#drive({ type: 'socket-text', socket: number, text })
    }
    socket.onclose = ({ code, reason }) => {
      if (this.#socket === socket) this.#socket = undefined
      this.#drive({ type: 'socket-closed', socket: number, code, reason })
    }
  }

  #fail(socket: number, reason: string): void {
    this.#drive({ type: 'socket-closed', socket, code: 1006, reason })
  }

  #close(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }
}

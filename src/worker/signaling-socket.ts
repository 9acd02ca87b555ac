import type { Deadline } from '../core/deadline.js'
import type { Millis } from '../core/ids.js'
import type { SignalingSession } from '../signaling/session.js'
import type { SessionInput, SessionOutput } from '../signaling/session-io.js'
import type { Identity } from './identity.js'
import type { Sleeper } from './wake.js'

/** Opens a WebSocket; throws for a URL that it refuses. */
export type OpenSocket = (url: string) => WebSocket

/** What is not the socket's own affair. */
export type Told = Exclude<
  SessionOutput,
  { type: 'open-socket' | 'close-socket' | 'send-text' | 'sign' }
>

/** The WebSocket around the signaling session, which decides when to open, what to say and when to give up. */
export class SignalingSocket implements Sleeper {
  readonly #session: SignalingSession
  readonly #identity: Identity
  readonly #clock: () => Millis
  readonly #openSocket: OpenSocket
  readonly #tell: (output: Told) => void
  readonly #changed: () => void
  #socket: WebSocket | undefined
  #number = 0
  #isCut = false

  constructor(
    session: SignalingSession,
    identity: Identity,
    clock: () => Millis,
    tell: (output: Told) => void,
    changed: () => void,
    openSocket: OpenSocket = url => new WebSocket(url),
  ) {
    this.#session = session
    this.#identity = identity
    this.#clock = clock
    this.#openSocket = openSocket
    this.#tell = tell
    this.#changed = changed
  }

  /** As if the way to the server were cut, or mended again. */
  cut(isCut: boolean): void {
    this.#isCut = isCut
    if (!isCut) return this.drive({ type: 'online' })
    this.#close()
    this.#fail(this.#number)
  }

  get nextDeadline(): Deadline | undefined {
    return this.#session.nextDeadline
  }

  wake(_now: Millis): void {
    this.drive({ type: 'wake' })
  }

  /** What the session is to know. */
  drive(input: SessionInput): void {
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
            .then(signature => this.drive({ type: 'proved', socket, signature }))
          break
        }
        default:
          this.#tell(output)
      }
    }
    this.#changed()
  }

  #open(number: number, url: string): void {
    this.#close()
    this.#number = number
    if (this.#isCut) return queueMicrotask(() => this.#fail(number))
    let socket: WebSocket
    try {
      socket = this.#openSocket(url)
    } catch {
      // A URL the browser refuses (mixed content, a blocked port): the same as unreachable.
      return queueMicrotask(() => this.#fail(number))
    }
    this.#socket = socket
    socket.onopen = () => this.drive({ type: 'socket-opened', socket: number })
    socket.onmessage = ({ data }) => {
      const text = typeof data === 'string' ? data : ''
      this.drive({ type: 'socket-text', socket: number, text })
    }
    socket.onclose = ({ code }) => {
      if (this.#socket === socket) this.#socket = undefined
      this.drive({ type: 'socket-closed', socket: number, code })
    }
  }

  #fail(socket: number): void {
    this.drive({ type: 'socket-closed', socket, code: 1006 })
  }

  #close(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }
}

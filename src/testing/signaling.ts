import type { PeerId, TopicId } from '../core/ids.js'
import type { Random } from '../core/random.js'
import { toBase64 } from '../signaling/base64.js'
import { type ClientMessage, parseClientMessage } from '../signaling/client-messages.js'
import type { ServerText } from '../signaling/messages.js'
import type { Time } from './time.js'

/** A signaling server in memory. Proofs are believed: nobody else is here. */
export class MemorySignaling {
  readonly url = 'ws://mesh.test/signaling'
  isUp = true
  readonly #time: Time
  readonly #random: Random
  readonly #sockets = new Set<MemorySocket>()

  constructor(time: Time, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** A WebSocket, as far as a node uses one. */
  open(): WebSocket {
    const socket = new MemorySocket(this.#time, {
      opened: () => {
        if (this.isUp) this.#sockets.add(socket)
        return this.isUp
      },
      said: text => this.#hear(socket, text),
      closed: () => this.#sockets.delete(socket),
    })
    return socket as unknown as WebSocket
  }

  stop(): void {
    this.isUp = false
    for (const socket of [...this.#sockets]) socket.end(1006)
  }

  /** Whose machine fell dead says nothing more and hears nothing. */
  forget(peer: PeerId): void {
    for (const socket of [...this.#sockets]) {
      if (socket.peer === peer) this.#sockets.delete(socket.silence())
    }
  }

  #hear(socket: MemorySocket, text: string): void {
    const parsed = parseClientMessage(text)
    // Only this very library speaks here.
    if (!parsed.ok) throw new Error(`a node said ${parsed.reason}`)
    const message = parsed.value
    switch (message.type) {
      case 'hello':
        socket.claimed = message.peer
        return socket.say({ type: 'challenge', nonce: NONCE, heartbeatMs: 25_000 })
      case 'prove':
        socket.peer = socket.claimed
        return socket.say({ type: 'ready', iceServers: [], limits: LIMITS })
      case 'enter':
        return this.#enter(socket, message)
      case 'leave':
        socket.topics.delete(message.topic)
        return
      case 'signal':
        return this.#pass(socket, message)
      case 'ping':
        return socket.say({ type: 'pong' })
    }
  }

  #enter(socket: MemorySocket, { topic }: Extract<ClientMessage, { type: 'enter' }>): void {
    socket.topics.add(topic)
    const others = [...this.#sockets].flatMap(({ peer, topics }) =>
      peer !== undefined && peer !== socket.peer && topics.has(topic) ? [peer] : [],
    )
    socket.say({ type: 'entered', topic, peers: this.#random.sample(others, INTRODUCTIONS) })
  }

  #pass(socket: MemorySocket, { to, body }: Extract<ClientMessage, { type: 'signal' }>): void {
    const receiver = [...this.#sockets].find(({ peer }) => peer === to)
    if (receiver === undefined) socket.say({ type: 'undeliverable', to })
    else receiver.say({ type: 'signal', from: socket.peer!, body })
  }
}

class MemorySocket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  claimed: PeerId | undefined
  peer: PeerId | undefined
  readonly topics = new Set<TopicId>()
  readonly #time: Time
  readonly #server: { opened(): boolean; said(text: string): void; closed(): void }
  #isOver = false

  constructor(time: Time, server: { opened(): boolean; said(text: string): void; closed(): void }) {
    this.#time = time
    this.#server = server
    time.soon(() => {
      if (this.#isOver) return
      if (server.opened()) this.onopen?.()
      else this.end(1006)
    })
  }

  /** What a node says. */
  send(text: string): void {
    this.#time.soon(() => !this.#isOver && this.#server.said(text))
  }

  /** What the server says. */
  say(message: ServerText): void {
    const data = JSON.stringify(message)
    this.#time.soon(() => !this.#isOver && this.onmessage?.({ data }))
  }

  close(): void {
    this.end(1005)
  }

  end(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#server.closed()
    this.#time.soon(() => this.onclose?.({ code, reason: '' }))
  }

  silence(): this {
    this.#isOver = true
    return this
  }
}

const NONCE = toBase64(new Uint8Array(32))
const LIMITS = { messageBytes: 32_768, messagesPerSecond: 1e6, bytesPerSecond: 1e9, topics: 64 }
/** As the server of this project (signaling-server/limits.ts). */
const INTRODUCTIONS = 5

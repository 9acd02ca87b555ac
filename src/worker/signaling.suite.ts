import { vi } from 'vitest'
import type { PeerId, TopicId } from '../core/ids.js'
import { toBase64 } from '../signaling/base64.js'
import { type ClientMessage, parseClientMessage } from '../signaling/client-messages.js'
import { challengeBytes, type ServerText } from '../signaling/messages.js'
import { verifySignature } from './identity.js'
import type { VirtualTime } from './time.suite.js'

/** A signaling server in memory, and the WebSocket by which nodes reach it. */
export class FakeSignaling {
  readonly url = 'ws://signaling.test/signaling'
  /** Everything clients said, with who said it. */
  readonly said: { from: PeerId | undefined; message: ClientMessage }[] = []
  /** No connection can be made. */
  isDown = false
  /** Whoever enters is told of others. */
  introduces = true
  /** Decides about each signal; false loses it. */
  passes: (from: PeerId, to: PeerId) => boolean = () => true
  private readonly sockets = new Set<FakeSocket>()

  constructor(readonly time: VirtualTime) {
    const server = this
    vi.stubGlobal(
      'WebSocket',
      class extends FakeSocket {
        constructor() {
          super(server)
        }
      },
    )
  }

  /** Every connection breaks. */
  drop(): void {
    for (const socket of [...this.sockets]) socket.end(1006)
  }

  /** A server that means harm brings every signal again that it ever carried. */
  replay(): void {
    for (const { from, message } of [...this.said]) {
      if (message.type !== 'signal' || from === undefined) continue
      for (const socket of this.sockets) {
        if (socket.peer === message.to) socket.say({ type: 'signal', from, body: message.body })
      }
    }
  }

  of(peer: PeerId): ClientMessage[] {
    return this.said.flatMap(({ from, message }) => (from === peer ? [message] : []))
  }

  // ——— what sockets say

  opened(socket: FakeSocket): void {
    if (this.isDown) return socket.end(1006)
    this.sockets.add(socket)
    socket.onopen?.()
  }

  closed(socket: FakeSocket): void {
    this.sockets.delete(socket)
  }

  hear(socket: FakeSocket, text: string): void {
    const parsed = parseClientMessage(text)
    if (!parsed.ok) throw new Error(`a client said ${parsed.reason}`)
    const message = parsed.value
    this.said.push({ from: socket.peer, message })
    switch (message.type) {
      case 'hello':
        socket.claimed = message.peer
        return socket.say({ type: 'challenge', nonce: toBase64(NONCE), heartbeatMs: 25_000 })
      case 'prove':
        return void this.prove(socket, message)
      case 'enter': {
        socket.topics.add(message.topic)
        const peers = [...this.sockets].flatMap(({ peer, topics }) =>
          peer !== undefined && peer !== socket.peer && topics.has(message.topic) ? [peer] : [],
        )
        if (!this.introduces) peers.length = 0
        return socket.say({ type: 'entered', topic: message.topic, peers })
      }
      case 'leave':
        socket.topics.delete(message.topic)
        return
      case 'signal': {
        const { to, body } = message
        if (!this.passes(socket.peer!, to)) return
        const receiver = [...this.sockets].find(({ peer }) => peer === to)
        if (receiver === undefined) return socket.say({ type: 'undeliverable', to })
        return receiver.say({ type: 'signal', from: socket.peer!, body })
      }
      case 'ping':
        return socket.say({ type: 'pong' })
    }
  }

  private async prove(
    socket: FakeSocket,
    { origin, signature }: Extract<ClientMessage, { type: 'prove' }>,
  ): Promise<void> {
    const peer = socket.claimed!
    const bytes = challengeBytes(origin, NONCE, peer)
    if (origin !== 'signaling.test' || !(await verifySignature(peer, bytes, signature))) {
      throw new Error('a client proved nothing')
    }
    socket.peer = peer
    const limits = { messageBytes: 32_768, messagesPerSecond: 100, bytesPerSecond: 1e6, topics: 64 }
    socket.say({ type: 'ready', iceServers: [{ urls: 'stun:stun.test' }], limits })
  }
}

class FakeSocket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  claimed: PeerId | undefined
  peer: PeerId | undefined
  readonly topics = new Set<TopicId>()
  private isOver = false

  constructor(private readonly server: FakeSignaling) {
    server.time.soon(() => server.opened(this))
  }

  send(text: string): void {
    this.server.time.soon(() => !this.isOver && this.server.hear(this, text))
  }

  say(message: ServerText): void {
    const data = JSON.stringify(message)
    this.server.time.soon(() => !this.isOver && this.onmessage?.({ data }))
  }

  close(): void {
    this.end(1005)
  }

  end(code: number): void {
    if (this.isOver) return
    this.isOver = true
    this.server.closed(this)
    this.server.time.soon(() => this.onclose?.({ code, reason: '' }))
  }
}

const NONCE = new Uint8Array(32).fill(9)

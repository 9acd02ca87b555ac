// One socket's door, as a pure machine: nothing passes to the rooms before the peer has proven its key, nothing
// malformed passes at all, and nobody passes more than its share.
import type { PeerId } from '../src/core/ids.js'
import { fromBase64 } from '../src/signaling/base64.js'
import { type ClientMessage, parseClientMessage } from '../src/signaling/client-messages.js'
import {
  CLOSE_CODES,
  challengeBytes,
  type ServerText,
  SIGNALING_VERSION,
  type SignalingErrorCode,
} from '../src/signaling/messages.js'
import { type Limits, TokenBucket } from './limits.js'

export interface DoorOptions {
  limits: Limits
  /** Random bytes in base64, new for each socket. */
  nonce: string
  /** Hosts a client may believe to speak to. */
  origins: readonly string[]
  verify: (peer: PeerId, bytes: Uint8Array, signature: Uint8Array) => boolean
}

export type DoorOutput =
  | { type: 'send'; message: ServerText }
  /** The peer has proven itself; say `ready` and let it in. */
  | { type: 'admit'; peer: PeerId; protocol: string }
  | { type: 'pass'; message: RoomMessage }
  | { type: 'pong' }
  | { type: 'close'; code: number; reason: string }
  | { type: 'count'; counter: DoorCounter }

/** What an admitted peer says to the rooms. */
export type RoomMessage = Extract<ClientMessage, { type: 'enter' | 'leave' | 'signal' }>

export type DoorCounter =
  | 'messages-malformed'
  | 'messages-unexpected'
  | 'messages-over-rate'
  | 'handshakes-refused'
  | 'handshakes-timed-out'
  | 'patience-lost'

type Stage =
  | { name: 'fresh' }
  | { name: 'challenged'; peer: PeerId; protocol: string }
  | { name: 'admitted' }
  | { name: 'closed' }

export class Door {
  private readonly messages: TokenBucket
  private readonly bytes: TokenBucket
  private readonly patience: TokenBucket
  /** How often a client is told of its faults: once a second. */
  private readonly telling: TokenBucket
  private readonly openedAt: number
  private stage: Stage = { name: 'fresh' }
  private outputs: DoorOutput[] = []

  constructor(
    now: number,
    private readonly options: DoorOptions,
  ) {
    const { limits } = options
    this.messages = new TokenBucket(limits.messagesPerSecond, limits.messageBurst, now)
    this.bytes = new TokenBucket(limits.bytesPerSecond, limits.byteBurst, now)
    this.patience = new TokenBucket(1, limits.patience, now)
    this.telling = new TokenBucket(1, 1, now)
    this.openedAt = now
  }

  /** When `timeUp` has something to do, or undefined. */
  get deadline(): number | undefined {
    const shaking = this.stage.name === 'fresh' || this.stage.name === 'challenged'
    return shaking ? this.openedAt + this.options.limits.handshakeTimeoutMs : undefined
  }

  timeUp(now: number): DoorOutput[] {
    this.outputs = []
    if (this.deadline !== undefined && now >= this.deadline) {
      this.count('handshakes-timed-out')
      this.close(CLOSE_CODES.handshakeTimeout, 'no proof in time')
    }
    return this.outputs
  }

  /** A text of so many UTF-8 bytes came; undefined where the frame was not text. */
  hear(now: number, text: string | undefined, length: number): DoorOutput[] {
    this.outputs = []
    if (this.stage.name === 'closed') return this.outputs
    if (!this.withinRate(now, length)) return this.outputs
    const parsed = text === undefined ? NOT_TEXT : parseClientMessage(text)
    if (parsed.ok) this.understood(now, parsed.value)
    else {
      this.count('messages-malformed')
      this.offend(now, 'malformed', parsed.reason)
    }
    return this.outputs
  }

  /** A ping or pong frame came; it counts like any message. `pong` among the outputs: answer it. */
  control(now: number, kind: 'ping' | 'pong', length: number): DoorOutput[] {
    this.outputs = []
    if (this.stage.name === 'closed' || !this.withinRate(now, length)) return this.outputs
    if (kind === 'ping') this.outputs.push({ type: 'pong' })
    return this.outputs
  }

  private withinRate(now: number, length: number): boolean {
    // Both are asked, so that what one refuses still counts for the other.
    const message = this.messages.take(now)
    const bytes = this.bytes.take(now, length)
    if (message && bytes) return true
    this.count('messages-over-rate')
    this.offend(now, 'rate', 'Too many messages; this one was dropped.')
    return false
  }

  private understood(now: number, message: ClientMessage): void {
    const { stage } = this
    switch (message.type) {
      case 'hello':
        if (stage.name === 'fresh') this.greet(message)
        else this.unexpected(now)
        break
      case 'prove':
        if (stage.name === 'challenged') this.prove(stage, message)
        else this.unexpected(now)
        break
      case 'ping':
        if (stage.name === 'admitted') this.send({ type: 'pong' })
        else this.unexpected(now)
        break
      default:
        if (stage.name === 'admitted') this.outputs.push({ type: 'pass', message })
        else this.unexpected(now)
    }
  }

  private greet({ version, peer, protocol }: Extract<ClientMessage, { type: 'hello' }>): void {
    if (version !== SIGNALING_VERSION) {
      this.refuse('version', `This server speaks version ${SIGNALING_VERSION}.`)
      return
    }
    this.stage = { name: 'challenged', peer, protocol }
    const { nonce, limits } = this.options
    this.send({ type: 'challenge', nonce, heartbeatMs: limits.heartbeatMs })
  }

  private prove(
    { peer, protocol }: Extract<Stage, { name: 'challenged' }>,
    { origin, signature }: Extract<ClientMessage, { type: 'prove' }>,
  ): void {
    if (!this.options.origins.includes(origin)) {
      this.refuse('origin', 'This server is not known by the host the client signed.')
      return
    }
    const bytes = challengeBytes(origin, fromBase64(this.options.nonce)!, peer)
    if (!this.options.verify(peer, bytes, signature)) {
      this.refuse('proof', 'The signature does not prove the key.')
      return
    }
    this.stage = { name: 'admitted' }
    this.outputs.push({ type: 'admit', peer, protocol })
  }

  private unexpected(now: number): void {
    this.count('messages-unexpected')
    this.offend(now, 'unexpected', 'Not at this point of the conversation.')
  }

  /** An offence is told, at most once a second, and forgiven while there is patience. */
  private offend(now: number, code: SignalingErrorCode, message: string): void {
    if (!this.patience.take(now)) {
      this.count('patience-lost')
      this.close(CLOSE_CODES.tooMuch, 'too many faults')
    } else if (this.telling.take(now)) {
      this.send({ type: 'error', code, message, fatal: false })
    }
  }

  private refuse(code: SignalingErrorCode, message: string): void {
    this.count('handshakes-refused')
    this.send({ type: 'error', code, message, fatal: true })
    this.close(CLOSE_CODES.refused, code)
  }

  private close(code: number, reason: string): void {
    this.stage = { name: 'closed' }
    this.outputs.push({ type: 'close', code, reason })
  }

  private send(message: ServerText): void {
    this.outputs.push({ type: 'send', message })
  }

  private count(counter: DoorCounter): void {
    this.outputs.push({ type: 'count', counter })
  }
}

const NOT_TEXT = { ok: false, reason: 'not text' } as const

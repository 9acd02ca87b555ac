import { expect } from 'vitest'
import { peerIdFromBytes, topicIdFromBytes } from '../core/ids.js'
import { Random } from '../core/random.js'
import { toBase64 } from './base64.js'
import { type ClientText, parseClientMessage } from './client-messages.js'
import type { ServerText } from './messages.js'
import { SignalingSession } from './session.js'
import type { SessionConfig, SessionInput, SessionOutput } from './session-io.js'

export const me = peerIdFromBytes(new Uint8Array(32).fill(1))
export const you = peerIdFromBytes(new Uint8Array(32).fill(2))
export const topics = Array.from({ length: 70 }, (_, i) =>
  topicIdFromBytes(new Uint8Array(32).fill(i)),
)
export const topic = topics[9]!
export const other = topics[8]!
export const nonce = new Uint8Array(32).fill(5)
export const signature = new Uint8Array(64).fill(6)
const limits = { messageBytes: 1, messagesPerSecond: 2, bytesPerSecond: 3, topics: 4 }
export const ready = {
  type: 'ready',
  iceServers: [{ urls: 'stun:a.example' }],
  limits,
} satisfies ServerText
export const HEARTBEAT_MS = 20_000

/** A session with a clock, and the number of its latest socket. */
export class Bench {
  now = 1_000
  socket = 0
  readonly session: SignalingSession

  constructor(config: Partial<SessionConfig> = {}, seed = 1) {
    const random = new Random(seed)
    const url = 'ws://a.example:8787/signaling'
    this.session = new SignalingSession({ url, peer: me, protocol: 'p/1', random, config })
  }

  do(input: SessionInput): SessionOutput[] {
    const outputs = this.session.handle(this.now, input)
    for (const output of outputs) if (output.type === 'open-socket') this.socket = output.socket
    return outputs
  }

  hear(message: ServerText): SessionOutput[] {
    return this.do({ type: 'socket-text', socket: this.socket, text: JSON.stringify(message) })
  }

  close(code = 1006): SessionOutput[] {
    return this.do({ type: 'socket-closed', socket: this.socket, code })
  }

  /** Time passes up to the next deadline. */
  wait(): SessionOutput[] {
    const next = this.session.nextDeadline
    if (next === undefined) throw new Error('nothing to wait for')
    this.now = Math.max(this.now, next.at)
    return this.do({ type: 'wake' })
  }

  shakeHands(): SessionOutput[] {
    this.do({ type: 'socket-opened', socket: this.socket })
    this.hear({ type: 'challenge', nonce: toBase64(nonce), heartbeatMs: HEARTBEAT_MS })
    this.do({ type: 'proved', socket: this.socket, signature })
    return this.hear(ready)
  }

  open(): this {
    this.do({ type: 'start' })
    this.shakeHands()
    return this
  }
}

export function said(outputs: SessionOutput[]): ClientText[] {
  return outputs.flatMap(output => {
    if (output.type !== 'send-text') return []
    expect(parseClientMessage(output.text)).toMatchObject({ ok: true })
    return [JSON.parse(output.text)]
  })
}

export function counted(outputs: SessionOutput[]): string[] {
  return outputs.flatMap(output => (output.type === 'count' ? [output.counter] : []))
}

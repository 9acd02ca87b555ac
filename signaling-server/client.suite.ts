// A client over loopback for the server's tests: it speaks JSON by hand, so that it can also speak wrongly.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { WebSocket } from 'ws'
import { type PeerId, peerIdFromBytes, type TopicId } from '../src/core/ids.js'
import type { ClientText } from '../src/signaling/client-messages.js'
import {
  challengeBytes,
  originOf,
  type ServerMessage,
  SIGNALING_VERSION,
} from '../src/signaling/messages.js'
import { parseServerMessage } from '../src/signaling/parsed.js'

export interface Identity {
  peer: PeerId
  privateKey: KeyObject
}

export function makeIdentity(): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  return { peer: peerIdFromBytes(Buffer.from(x!, 'base64url')), privateKey }
}

type Said<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>

export class Client {
  readonly heard: ServerMessage[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  readonly ws: WebSocket
  private readonly waiting = new Set<() => void>()

  constructor(
    readonly url: string,
    readonly identity = makeIdentity(),
    options: { headers?: Record<string, string>; autoPong?: boolean } = {},
  ) {
    this.ws = new WebSocket(url, options)
    this.ws.on('message', bytes => {
      const parsed = parseServerMessage(bytes.toString())
      if (!parsed.ok) throw new Error(`the server said what no client reads: ${parsed.reason}`)
      this.heard.push(parsed.value)
      this.wake()
    })
    this.ws.on('error', () => this.wake())
    this.closed = new Promise(resolve => {
      this.ws.on('close', (code, reason) => {
        this.wake()
        resolve({ code, reason: reason.toString() })
      })
    })
  }

  get peer(): PeerId {
    return this.identity.peer
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.ws.once('open', resolve)
      this.ws.once('error', reject)
    })
  }

  say(message: ClientText): void {
    this.ws.send(JSON.stringify(message))
  }

  /** The next message of this kind not yet taken; rejects where the socket closes first. */
  async next<T extends ServerMessage['type']>(type: T): Promise<Said<T>> {
    for (;;) {
      const at = this.heard.findIndex(message => message.type === type)
      if (at >= 0) return this.heard.splice(at, 1)[0] as Said<T>
      if (this.ws.readyState === WebSocket.CLOSED) throw new Error(`closed without ${type}`)
      await new Promise<void>(resolve => this.waiting.add(resolve))
    }
  }

  hello(version = SIGNALING_VERSION, protocol = 'test/1'): void {
    this.say({ type: 'hello', version, peer: this.peer, protocol })
  }

  async prove({ origin = originOf(this.url)!, privateKey = this.identity.privateKey } = {}) {
    const { nonce } = await this.next('challenge')
    const bytes = challengeBytes(origin, nonce, this.peer)
    const signature = sign(null, bytes, privateKey).toString('base64')
    this.say({ type: 'prove', origin, signature })
  }

  async enter(topic: TopicId): Promise<PeerId[]> {
    this.say({ type: 'enter', topic })
    return (await this.next('entered')).peers
  }

  /** Resolves when the server has dealt with everything said before. */
  async settled(): Promise<void> {
    this.say({ type: 'ping' })
    await this.next('pong')
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve()
    this.waiting.clear()
  }
}

export async function connect(url: string, identity = makeIdentity()): Promise<Client> {
  const client = new Client(url, identity)
  await client.opened()
  client.hello()
  await client.prove()
  await client.next('ready')
  return client
}

import type { PeerId } from '../core/ids.js'
import {
  agree,
  type Hello,
  type HelloProof,
  helloTranscript,
  NONCE_BYTES,
  WIRE_VERSION,
} from '../wire/hello.js'
import { LARGEST_FRAME_BYTES } from '../wire/limits.js'
import { canDeflate, ENVELOPES } from './envelopes.js'
import { type Identity, verifySignature } from './identity.js'

/** Two peers on a fresh channel prove their keys to each other: a nonce each, and a signature over both. */
export class Handshake {
  readonly #identity: Identity
  readonly #peer: PeerId
  readonly #protocol: string
  readonly #nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  #theirNonce: Uint8Array | undefined
  /** What both sides understand; nothing until their hello came. */
  features: readonly string[] = []

  constructor(identity: Identity, peer: PeerId, protocol: string) {
    this.#identity = identity
    this.#peer = peer
    this.#protocol = protocol
  }

  hello(): Hello {
    return {
      versions: [WIRE_VERSION],
      features: canDeflate() ? [ENVELOPES] : [],
      protocol: this.#protocol,
      peer: this.#identity.peerId,
      nonce: this.#nonce,
      limits: { largestFrameBytes: LARGEST_FRAME_BYTES },
    }
  }

  /** Our proof for it, or undefined where this hello can't be from whom we expect. */
  heardHello(hello: Hello): Promise<HelloProof> | undefined {
    const features = agree(this.hello(), hello)
    if (this.#theirNonce !== undefined || hello.peer !== this.#peer) return undefined
    if (features === undefined) return undefined
    this.features = features
    this.#theirNonce = hello.nonce.slice()
    const { peerId } = this.#identity
    const said = helloTranscript(peerId, this.#peer, this.#nonce, this.#theirNonce, this.#protocol)
    return this.#identity.sign(said).then(signature => ({ signature }))
  }

  heardProof(proof: HelloProof): Promise<boolean> {
    if (this.#theirNonce === undefined) return Promise.resolve(false)
    const { peerId } = this.#identity
    const said = helloTranscript(this.#peer, peerId, this.#theirNonce, this.#nonce, this.#protocol)
    return verifySignature(this.#peer, said, proof.signature)
  }
}

/** Who offers is fixed by the order of the printed ids, so that two dials can't cross. */
export function offers(self: PeerId, peer: PeerId): boolean {
  return self < peer
}

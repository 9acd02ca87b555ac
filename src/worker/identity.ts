import { GossamerError } from '../bridge/errors.js'
import { idBytes, type PeerId, peerIdFromBytes } from '../core/ids.js'
import type { Store } from '../storage/store.js'
import { isSmallOrder } from './small-order.js'

/** Who we are: a key whose private half never leaves WebCrypto. */
export interface Identity {
  readonly peerId: PeerId
  /** The 64 bytes of an Ed25519 signature. Reads `bytes` before it returns. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/**
 * The identity of this store's slot, made and saved at first use. A stored pair that can't be read or
 * does not sign gives way to a new one. Where the store fails the identity is new and lasts for this run
 * only; nothing is saved over what could not be read. The store has its say about failures.
 *
 * Throws `insecure-context` where WebCrypto or its Ed25519 is missing.
 */
export async function loadIdentity(store: Store): Promise<Identity> {
  requireSubtle()
  let stored: CryptoKeyPair | undefined
  try {
    stored = await store.loadIdentity()
  } catch {
    return identityOf(await newKeys())
  }
  if (stored !== undefined) {
    const identity = await proven(stored)
    if (identity !== undefined) return identity
  }
  const keys = await newKeys()
  const identity = await identityOf(keys)
  try {
    await store.saveIdentity(keys)
  } catch {
    // Lasts for this run. Its numbers, on top of the former author's, still repeat none.
  }
  return identity
}

/**
 * Whether `peer` signed these bytes, which are read before it returns. Never throws: whatever is malformed is not
 * signed.
 */
export async function verifySignature(
  peer: PeerId,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES || isSmallOrder(signature)) return false
  let key = publicKeyOf(peer)
  if (key instanceof Promise) {
    bytes = bytes.slice()
    key = await key
  }
  if (key === undefined) return false
  try {
    return await crypto.subtle.verify(
      ED25519,
      key,
      signature as Uint8Array<ArrayBuffer>,
      bytes as Uint8Array<ArrayBuffer>,
    )
  } catch {
    return false
  }
}

async function identityOf(keys: CryptoKeyPair): Promise<Identity> {
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  return {
    peerId: peerIdFromBytes(raw),
    async sign(bytes) {
      const signed = crypto.subtle.sign(ED25519, keys.privateKey, bytes as Uint8Array<ArrayBuffer>)
      return new Uint8Array(await signed)
    },
  }
}

/** The identity, if the two halves belong together and work. */
async function proven(keys: CryptoKeyPair): Promise<Identity | undefined> {
  try {
    const identity = await identityOf(keys)
    const signature = await identity.sign(TRIAL)
    return (await verifySignature(identity.peerId, TRIAL, signature)) ? identity : undefined
  } catch {
    return undefined
  }
}

async function newKeys(): Promise<CryptoKeyPair> {
  try {
    return (await crypto.subtle.generateKey(ED25519, false, ['sign', 'verify'])) as CryptoKeyPair
  } catch (cause) {
    throw insecureContext('WebCrypto has no Ed25519 here', cause)
  }
}

function requireSubtle(): void {
  if (globalThis.crypto?.subtle === undefined) {
    throw insecureContext('WebCrypto is missing here')
  }
}

function insecureContext(reason: string, cause?: unknown): GossamerError {
  return new GossamerError(
    'insecure-context',
    `A peer is an Ed25519 key, and ${reason}. Serve the page over https or from localhost, to a browser of 2025 or later.`,
    { cause },
  )
}

/** The imported key, or undefined where the id is no key. Imports of one id at the same time are one. */
function publicKeyOf(peer: PeerId): MaybeKey | Promise<MaybeKey> {
  if (peer === lastPeer) return publicKeys.get(peer)
  const isKnown = publicKeys.has(peer)
  const key = isKnown ? publicKeys.get(peer) : importPublicKey(peer)
  if (isKnown) publicKeys.delete(peer)
  else if (publicKeys.size >= PUBLIC_KEYS) publicKeys.delete(publicKeys.keys().next().value!)
  publicKeys.set(peer, key)
  lastPeer = peer
  if (!isKnown) {
    void (key as Promise<MaybeKey>).then(imported => {
      if (publicKeys.get(peer) === key) publicKeys.set(peer, imported)
    })
  }
  return key
}

async function importPublicKey(peer: PeerId): Promise<MaybeKey> {
  try {
    const raw = idBytes(peer)
    if (isSmallOrder(raw)) return undefined
    return await crypto.subtle.importKey('raw', raw as Uint8Array<ArrayBuffer>, ED25519, true, [
      'verify',
    ])
  } catch {
    return undefined
  }
}

const ED25519 = 'Ed25519'
const SIGNATURE_BYTES = 64
const TRIAL = new Uint8Array([103, 111, 115, 115, 97, 109, 101, 114])

type MaybeKey = CryptoKey | undefined

/** Least recently used first. */
const publicKeys = new Map<PeerId, MaybeKey | Promise<MaybeKey>>()
/** The last of them. */
let lastPeer: PeerId | undefined

/**
 * Imports cost 10 to 40 µs, a verification 100 to 250 (measured, 27k to 94k and 4k to 10k a second), so
 * an author who is not among these costs little more. Guess: above the authors heard at one time.
 */
const PUBLIC_KEYS = 1024

import { createPublicKey, verify } from 'node:crypto'
import { idBytes, type PeerId } from '../src/core/ids.js'

/** Whether the peer's key made this signature over these bytes. Never throws, whatever the key. */
export function verifyEd25519(peer: PeerId, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    const x = Buffer.from(idBytes(peer)).toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    return verify(null, bytes, key, signature)
  } catch {
    // Not every 32 bytes are a key; then nobody can prove to hold it.
    return false
  }
}

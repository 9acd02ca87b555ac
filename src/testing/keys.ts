import type { Random } from '../core/random.js'

/** A pair of keys that follows from the dice, so that peers have the same ids in every run. */
export async function keysFrom(random: Random): Promise<CryptoKeyPair> {
  const pkcs8 = new Uint8Array([...PKCS8_HEAD, ...random.bytes(32)])
  const { subtle } = crypto
  const open = await subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign'])
  const { x, kty, crv } = (await subtle.exportKey('jwk', open)) as JsonWebKey
  const jwk = { x, kty, crv } as JsonWebKey
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
    subtle.importKey('jwk', jwk, 'Ed25519', true, ['verify']),
  ])
  return { privateKey, publicKey }
}

/** Of an Ed25519 key in PKCS #8; the 32 bytes of the seed follow (RFC 8410). */
const PKCS8_HEAD = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]

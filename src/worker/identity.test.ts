import { afterEach, describe, expect, it, vi } from 'vitest'
import { peerIdFromBytes } from '../core/ids.js'
import { MemoryStore } from '../storage/memory-store.js'
import { StorageError } from '../storage/store.js'
import { loadIdentity, verifySignature } from './identity.js'

const WORDS = new TextEncoder().encode('hello')

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe('identity', () => {
  it('is made at first use and the same ever after', async () => {
    const store = new MemoryStore()
    const first = await loadIdentity(store)
    const again = await loadIdentity(store)
    expect(again.peerId).toBe(first.peerId)
    expect(first.peerId).toMatch(/^[a-z2-7]{52}$/)
    expect((await loadIdentity(new MemoryStore())).peerId).not.toBe(first.peerId)
  })

  it('the private key can not be taken out', async () => {
    const store = new MemoryStore()
    await loadIdentity(store)
    const { privateKey, publicKey } = (await store.loadIdentity())!
    expect([privateKey.extractable, publicKey.extractable]).toEqual([false, true])
  })

  it('what it signs verifies under its peer id, and nothing else does', async () => {
    const identity = await loadIdentity(new MemoryStore())
    const other = await loadIdentity(new MemoryStore())
    const signature = await identity.sign(WORDS)
    expect(signature).toHaveLength(64)
    expect(await verifySignature(identity.peerId, WORDS, signature)).toBe(true)
    expect(await verifySignature(other.peerId, WORDS, signature)).toBe(false)
    expect(await verifySignature(identity.peerId, WORDS.subarray(1), signature)).toBe(false)
    for (const at of [0, 31, 32, 63]) {
      const changed = signature.slice()
      changed[at]! ^= 1
      expect(await verifySignature(identity.peerId, WORDS, changed)).toBe(false)
    }
  })

  it('signs and verifies views into larger buffers', async () => {
    const identity = await loadIdentity(new MemoryStore())
    const packet = new Uint8Array(200).fill(9)
    const signature = await identity.sign(packet.subarray(50, 60))
    packet.set(signature, 100)
    const view = packet.subarray(100, 164)
    expect(await verifySignature(identity.peerId, packet.subarray(50, 60), view)).toBe(true)
  })

  it('a stored pair whose halves do not belong together gives way to a new one', async () => {
    const [a, b] = [new MemoryStore(), new MemoryStore()]
    const former = [(await loadIdentity(a)).peerId, (await loadIdentity(b)).peerId]
    const { privateKey } = (await a.loadIdentity())!
    const { publicKey } = (await b.loadIdentity())!
    await a.saveIdentity({ privateKey, publicKey })
    const { peerId } = await loadIdentity(a)
    expect(former).not.toContain(peerId)
    expect((await loadIdentity(a)).peerId).toBe(peerId)
  })

  it('a store that can not read gets nothing written over what it holds', async () => {
    const store = new MemoryStore()
    const { peerId } = await loadIdentity(store)
    const load = vi.spyOn(store, 'loadIdentity').mockRejectedValue(new StorageError('failed', 'no'))
    const save = vi.spyOn(store, 'saveIdentity')
    expect((await loadIdentity(store)).peerId).not.toBe(peerId)
    expect(save).not.toHaveBeenCalled()
    load.mockRestore()
    expect((await loadIdentity(store)).peerId).toBe(peerId)
  })

  it('a store that can not write leaves an identity for this run', async () => {
    const store = new MemoryStore()
    vi.spyOn(store, 'saveIdentity').mockRejectedValue(new StorageError('full', 'no room'))
    const identity = await loadIdentity(store)
    const signature = await identity.sign(WORDS)
    expect(await verifySignature(identity.peerId, WORDS, signature)).toBe(true)
  })

  it('without a secure context there is none, and the error says what to do', async () => {
    vi.stubGlobal('crypto', {})
    const failure = await loadIdentity(new MemoryStore()).catch((cause: unknown) => cause)
    expect(failure).toMatchObject({
      code: 'insecure-context',
      message: expect.stringContaining('https'),
    })
  })

  it('without Ed25519 there is none either', async () => {
    vi.spyOn(crypto.subtle, 'generateKey').mockRejectedValue(
      new DOMException('Unrecognized name.', 'NotSupportedError'),
    )
    await expect(loadIdentity(new MemoryStore())).rejects.toMatchObject({
      code: 'insecure-context',
      message: expect.stringContaining('Ed25519'),
    })
  })
})

describe('verifySignature', () => {
  it('of malformed signatures and keys is false and never throws', async () => {
    const { peerId, sign } = await loadIdentity(new MemoryStore())
    const signature = await sign(WORDS)
    for (const length of [0, 1, 63, 65, 128]) {
      const malformed = new Uint8Array(length)
      malformed.set(signature.subarray(0, length))
      expect(await verifySignature(peerId, WORDS, malformed)).toBe(false)
    }
    const noPoint = peerIdFromBytes(new Uint8Array(32).fill(255))
    expect(await verifySignature(noPoint, WORDS, signature)).toBe(false)
    const refusing = vi.spyOn(crypto.subtle, 'verify').mockRejectedValue(new Error('no'))
    expect(await verifySignature(peerId, WORDS, signature)).toBe(false)
    refusing.mockRestore()
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new DOMException('no', 'DataError'))
    const stranger = peerIdFromBytes(new Uint8Array(32).fill(77))
    expect(await verifySignature(stranger, WORDS, signature)).toBe(false)
  })

  it('a key of small order signs nothing, though some engines would have it', async () => {
    // With A the neutral element, R the base point and S = 1, the equation of RFC 8032, S B = R + h A,
    // holds for every message.
    const neutral = new Uint8Array(32)
    neutral[0] = 1
    const signature = new Uint8Array(64).fill(0x66, 0, 32)
    signature[0] = 0x58
    signature[32] = 1
    expect(await verifySignature(peerIdFromBytes(neutral), WORDS, signature)).toBe(false)
  })

  it('a signature that begins with a point of small order is none, though some engines would have it', async () => {
    // The owner of a key can make one: with R the neutral element it takes S = h a.
    const keys = (await crypto.subtle.generateKey('Ed25519', true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const seed = (await crypto.subtle.exportKey('pkcs8', keys.privateKey)).slice(-32)
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
    const secret = new Uint8Array(await crypto.subtle.digest('SHA-512', seed)).slice(0, 32)
    secret[0]! &= 248
    secret[31] = (secret[31]! & 127) | 64
    const signature = new Uint8Array(64)
    signature[0] = 1
    const hashed = Buffer.concat([signature.subarray(0, 32), publicKey, WORDS])
    const h = number(new Uint8Array(await crypto.subtle.digest('SHA-512', hashed)))
    let rest = (h * number(secret)) % GROUP_ORDER
    for (let i = 32; i < 64; i++, rest >>= 8n) signature[i] = Number(rest & 255n)
    expect(await verifySignature(peerIdFromBytes(publicKey), WORDS, signature)).toBe(false)
  })

  it('imports each key once, also when asked many times at once', async () => {
    const { peerId, sign } = await loadIdentity(new MemoryStore())
    const signature = await sign(WORDS)
    // Others push our key out of the cache, so that the count begins at nothing.
    await fillCache(0, 1024)
    const imports = vi.spyOn(crypto.subtle, 'importKey')
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, () => verifySignature(peerId, WORDS, signature)),
    )
    expect(verdicts.every(good => good)).toBe(true)
    expect(imports).toHaveBeenCalledTimes(1)
  })

  it('forgets the least recently used of 1,024 keys', async () => {
    const { peerId, sign } = await loadIdentity(new MemoryStore())
    const signature = await sign(WORDS)
    const imports = vi.spyOn(crypto.subtle, 'importKey')
    const verify = async () => {
      imports.mockClear()
      await verifySignature(peerId, WORDS, signature)
      return imports.mock.calls.length
    }
    await verify()
    await fillCache(5000, 1023)
    expect(await verify()).toBe(0)
    await fillCache(8000, 1023)
    expect(await verify()).toBe(0)
    await fillCache(10_000, 1024)
    expect(await verify()).toBe(1)
  })

  function number(bytes: Uint8Array): bigint {
    return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
  }

  async function fillCache(first: number, count: number): Promise<void> {
    const signature = new Uint8Array(64).fill(3)
    for (let n = first; n < first + count; n++) {
      const bytes = new Uint8Array(32).fill(2)
      new DataView(bytes.buffer).setUint32(0, n)
      await verifySignature(peerIdFromBytes(bytes), WORDS, signature)
    }
  }
})

const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

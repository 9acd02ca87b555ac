import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectionOver, type Loaded } from './datachannel-connection.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a connection that its peer closed', () => {
  it('says so when its channels have said what came before, and closed', async () => {
    const { connection, channel, heard } = open()
    connection.becomes('closed')
    await vi.advanceTimersByTimeAsync(1_000)
    channel.dispatchEvent(new MessageEvent('message'))
    expect(heard).toEqual(['message'])
    channel.becomes('closed')
    await vi.advanceTimersByTimeAsync(0)
    expect(heard).toEqual(['message', 'close', 'connectionstatechange'])
  })

  it('waits for a channel that is closing, and for one whose opening is told in the same turn', async () => {
    for (const state of ['closing', 'connecting']) {
      const { connection, channel, heard } = open()
      channel.readyState = state
      connection.becomes('closed')
      if (state === 'connecting') channel.readyState = 'open'
      await vi.advanceTimersByTimeAsync(1)
      expect(heard).toEqual([])
      channel.becomes('closed')
      await vi.advanceTimersByTimeAsync(0)
      expect(heard).toEqual(['close', 'connectionstatechange'])
    }
  })

  it('waits for a channel that says nothing 1.2 s, and for none that is closed', async () => {
    const { connection, channel, heard } = open()
    connection.becomes('closed')
    await vi.advanceTimersByTimeAsync(1_200)
    expect(heard).toEqual(['connectionstatechange'])
    channel.becomes('closed')
    connection.becomes('closed')
    await vi.advanceTimersByTimeAsync(0)
    expect(heard).toEqual(['connectionstatechange', 'close', 'connectionstatechange'])
  })

  it('says all else at once', () => {
    const { connection, heard } = open()
    connection.becomes('disconnected')
    expect(heard).toEqual(['connectionstatechange'])
  })
})

describe('a connection that we close', () => {
  it('closes its channels, and itself when they are', async () => {
    const { connection, channel } = open()
    connection.close()
    connection.close()
    await vi.advanceTimersByTimeAsync(100)
    expect([channel.closings, connection.closings]).toEqual([1, 0])
    channel.becomes('closed')
    await vi.advanceTimersByTimeAsync(0)
    expect([channel.closings, connection.closings]).toEqual([1, 1])
  })
})

describe('a channel that its peer closed', () => {
  it('takes what is sent until the word of it comes, as a browser’s does', () => {
    const { native } = open()
    native.isOpen = () => false
    expect(native.sendMessageBinary(new Uint8Array(1))).toBe(false)
  })

  it('and any other says why it does not send', () => {
    const { native } = open()
    expect(() => native.sendMessageBinary(new Uint8Array(1))).toThrow('no room')
  })
})

describe('who offers', () => {
  it('says its candidates in their order, and only when the answer was taken', async () => {
    const { connection, heard } = open()
    connection.addEventListener('icecandidate', event => heard.push(String(candidateOf(event))))
    const offer = await connection.createOffer()
    connection.finds(1)
    connection.finds(2)
    expect(offer).toEqual({ type: 'offer', sdp: 'v=0\r\na=mid:0\r\n' })
    expect(connection.localDescription).toEqual(offer)
    expect(heard).toEqual([])
    await connection.setRemoteDescription({ type: 'answer', sdp: '' })
    connection.finds(3)
    await connection.setRemoteDescription({ type: 'offer', sdp: '' })
    expect(heard).toEqual(['1', '2', '3'])
    expect(connection.localDescription?.sdp).toContain('a=candidate:1')
  })

  it('who answers says them at once', async () => {
    const { connection, heard } = open()
    connection.addEventListener('icecandidate', event => heard.push(String(candidateOf(event))))
    await connection.setRemoteDescription({ type: 'offer', sdp: '' })
    expect((await connection.createAnswer()).sdp).toContain('a=candidate:1')
    connection.finds(1)
    expect(heard).toEqual(['1'])
  })
})

function candidateOf(event: Event): unknown {
  return (event as Event & { candidate?: unknown }).candidate
}

function open() {
  const heard: string[] = []
  const hear = ({ type }: Event) => void heard.push(type)
  const made = connectionOver(loaded)
  const connection = new made() as unknown as FakeConnection
  const channel = connection.createDataChannel()
  connection.addEventListener('connectionstatechange', hear)
  for (const type of ['message', 'close']) channel.addEventListener(type, hear)
  return { connection, channel, native: channel.native, heard }
}

/** As node-datachannel's: the state is set by the native side, whose queues are several. */
class FakeConnection extends EventTarget {
  connectionState = 'connected'
  closings = 0
  readonly #native: NativeConnection

  constructor({ peerConnection }: { peerConnection: NativeConnection }) {
    super()
    this.#native = peerConnection
  }

  becomes(state: string): void {
    this.connectionState = state
    this.dispatchEvent(new Event('connectionstatechange'))
  }

  createDataChannel(): FakeChannel {
    return new FakeChannel(this.#native.createDataChannel())
  }

  close(): void {
    this.closings++
  }

  finds(candidate: number): void {
    this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate }))
  }

  get localDescription() {
    return { type: 'offer', sdp: SDP }
  }

  declare createOffer: () => Promise<RTCSessionDescriptionInit>
  declare createAnswer: () => Promise<RTCSessionDescriptionInit>
  async setRemoteDescription(_: RTCSessionDescriptionInit): Promise<void> {}
}

const SDP =
  'v=0\r\na=mid:0\r\na=candidate:1 1 UDP 1 192.0.2.2 9 typ host\r\na=end-of-candidates\r\n'

class FakeChannel extends EventTarget {
  readyState = 'open'
  closings = 0

  constructor(readonly native: NativeChannel) {
    super()
  }

  close(): void {
    this.closings++
  }

  becomes(state: string): void {
    this.readyState = state
    this.dispatchEvent(new Event('close'))
  }
}

class NativeChannel {
  isOpen = () => true
  onClosed(): void {}
  onMessage(): void {}
  sendMessageBinary(_: Uint8Array): boolean {
    throw new Error('no room')
  }
}

class NativeConnection {
  createDataChannel(): NativeChannel {
    return new NativeChannel()
  }
  setLocalDescription(): void {}
  localDescription() {
    return { sdp: SDP }
  }
}

const loaded = {
  native: { PeerConnection: NativeConnection },
  browserLike: { RTCPeerConnection: FakeConnection },
} as unknown as Loaded

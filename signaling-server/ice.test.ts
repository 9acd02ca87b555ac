import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { peerIdFromBytes } from '../src/core/ids.js'
import type { IceServer } from '../src/signaling/ice-server.js'
import { IceServers } from './ice.js'

const peer = peerIdFromBytes(new Uint8Array(32).fill(1))

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('ICE servers that have not come within five seconds are none, and what comes then is nobody’s', async () => {
  for (const end of ['fulfil', 'reject'] as const) {
    let answer = (_: unknown) => {}
    const servers = () =>
      new Promise<IceServer[]>((fulfil, reject) => {
        answer = end === 'fulfil' ? (fulfil as typeof answer) : reject
      })
    const [failed, tell] = [vi.fn(), vi.fn()]
    new IceServers({ servers, refreshMs: 60_000 }, failed).ask(peer, tell)
    await vi.advanceTimersByTimeAsync(4_999)
    expect(tell).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(tell.mock.calls).toEqual([[undefined]])
    expect(failed.mock.calls).toEqual([[expect.stringContaining('no answer within 5 s')]])
    answer([])
    await vi.advanceTimersByTimeAsync(0)
    expect(tell).toHaveBeenCalledOnce()
    expect(failed).toHaveBeenCalledOnce()
  }
})

it('an answer in time leaves no timer behind', async () => {
  const tell = vi.fn()
  const servers = async () => [{ urls: 'stun:a.example' }]
  new IceServers({ servers, refreshMs: 60_000 }, () => {}).ask(peer, tell)
  await vi.advanceTimersByTimeAsync(0)
  expect(tell.mock.calls).toEqual([[[{ urls: 'stun:a.example' }]]])
  expect(vi.getTimerCount()).toBe(0)
})

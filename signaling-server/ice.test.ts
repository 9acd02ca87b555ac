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

it('a peer that asks again before the answer takes the place of its first asking', async () => {
  const given: ((servers: IceServer[]) => void)[] = []
  const servers = () => new Promise<IceServer[]>(give => given.push(give))
  const ice = new IceServers({ servers, refreshMs: 60_000 }, () => {})
  const [first, second] = [vi.fn(), vi.fn()]
  ice.ask(peer, first)
  ice.ask(peer, second)
  expect(first.mock.calls).toEqual([[undefined]])
  expect(given).toHaveLength(1)
  given[0]!([])
  await vi.advanceTimersByTimeAsync(0)
  expect(second.mock.calls).toEqual([[[]]])
})

it('many peers may wait for one answer, which keeps nothing of those that gave up', async () => {
  let give = (_: IceServer[]) => {}
  const answer = new Promise<IceServer[]>(fulfil => {
    give = fulfil
  })
  const then = vi.spyOn(answer, 'then')
  const ice = new IceServers({ servers: () => answer, refreshMs: 60_000 }, () => {})
  const told: unknown[] = []
  const ask = (byte: number) =>
    ice.ask(peerIdFromBytes(new Uint8Array(32).fill(byte)), servers => told.push(servers))
  for (let byte = 1; byte <= 20; byte++) ask(byte)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(told).toEqual(Array(20).fill(undefined))
  for (let byte = 21; byte <= 40; byte++) ask(byte)
  expect(then).toHaveBeenCalledOnce()
  give([])
  await vi.advanceTimersByTimeAsync(0)
  expect(told.slice(20)).toEqual(Array(20).fill([]))
  ask(41)
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toHaveLength(41)
  expect(vi.getTimerCount()).toBe(0)
})

it('a provider is asked for no more than a thousand peers at once', () => {
  const servers = vi.fn(() => new Promise<IceServer[]>(() => {}))
  const [failed, tell] = [vi.fn(), vi.fn()]
  const ice = new IceServers({ servers, refreshMs: 60_000 }, failed)
  for (let number = 0; number < 1_001; number++) {
    const bytes = new Uint8Array(32)
    new DataView(bytes.buffer).setUint32(0, number)
    ice.ask(peerIdFromBytes(bytes), tell)
  }
  expect(servers).toHaveBeenCalledTimes(1_000)
  expect(tell.mock.calls).toEqual([[undefined]])
  expect(failed).toHaveBeenCalledOnce()
})

it.each<[string, () => unknown]>([
  [
    'a then that can not be looked at',
    () => Object.defineProperty({}, 'then', { get: () => Promise.reject.call(null) }),
  ],
  ['a reason without words', () => Promise.reject(Object.create(null))],
  [
    'a then that throws',
    () =>
      Object.defineProperty({}, 'then', {
        value: () => {
          throw Object.create(null)
        },
      }),
  ],
])('whatever the answer is, the client is told: %s', async (_, servers) => {
  const [failed, tell] = [vi.fn(), vi.fn()]
  new IceServers({ servers: servers as never, refreshMs: 60_000 }, failed).ask(peer, tell)
  await vi.advanceTimersByTimeAsync(0)
  expect(tell.mock.calls).toEqual([[undefined]])
  expect(failed).toHaveBeenCalledOnce()
})

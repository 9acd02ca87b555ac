import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Settling } from './settling.js'

const stops: (() => void)[] = []
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => {
  vi.useRealTimers()
  for (const stop of stops.splice(0)) stop()
})

describe('the end of a task', () => {
  it('comes once for all that gathers in it, after it', async () => {
    const { settling, ends, ended } = start()
    settling.settle()
    settling.settle()
    expect(ends).toEqual([])
    await ended(1)
    settling.settle()
    await ended(2)
    expect(ends).toHaveLength(2)
  })

  it('may be where the next begins', async () => {
    const { settling, world, ends, ended } = start()
    world.settled = () => ends.length === 1 && settling.settle()
    settling.settle()
    await ended(2)
  })

  it('holds the clock still until then', async () => {
    const { settling, world, ended } = start()
    settling.settle()
    world.now = 110
    expect(settling.time).toBe(110)
    world.now = 120
    expect(settling.time).toBe(110)
    await ended(1)
    expect(settling.time).toBe(120)
    world.now = 130
    settling.settle()
    expect(settling.time).toBe(130)
    world.now = 140
    settling.ring(() => expect(settling.time).toBe(140))
  })

  it('comes with the ring itself, also where the ring fails', () => {
    const { settling, ends } = start()
    settling.ring(() => settling.settle())
    expect(ends).toHaveLength(1)
    expect(() =>
      settling.ring(() => {
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(ends).toHaveLength(2)
  })

  it('comes after a ring where its task was under way', async () => {
    const { settling, ends, ended } = start()
    settling.settle()
    settling.ring(() => {})
    expect(ends).toEqual([])
    await ended(1)
  })

  it('is put off while signatures are on their way, by 2 ms', () => {
    const { settling, world, ends } = start()
    settling.end()
    world.isBusy = true
    settling.ring(() => {})
    vi.advanceTimersByTime(1)
    expect(ends).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(ends).toHaveLength(2)
    world.now += 2
    settling.ring(() => {})
    expect(ends).toHaveLength(3)
  })

  it('that was put off comes with the last signature', async () => {
    const { settling, world, ends, ended } = start()
    settling.end()
    world.isBusy = true
    settling.ring(() => {})
    settling.settle()
    world.isBusy = false
    const post = vi.spyOn(MessagePort.prototype, 'postMessage')
    try {
      settling.settle()
      settling.settle()
      expect(post).toHaveBeenCalledOnce()
    } finally {
      post.mockRestore()
    }
    await ended(2)
    vi.advanceTimersByTime(10)
    expect(ends).toHaveLength(2)
  })

  it('that was put off and could not wait does not come again', () => {
    const { settling, world, ends } = start()
    settling.end()
    world.isBusy = true
    settling.ring(() => {})
    settling.end()
    vi.advanceTimersByTime(10)
    expect(ends).toHaveLength(2)
  })
})

function start() {
  const world = { now: 100, isBusy: false, settled: (): unknown => undefined }
  const ends: number[] = []
  let told = () => {}
  const settling = new Settling(
    () => world.now,
    () => world.isBusy,
    () => {
      ends.push(world.now)
      world.settled()
      told()
    },
  )
  stops.push(() => settling.stop())
  const ended = async (count: number) => {
    while (ends.length < count) {
      await new Promise<void>(resolve => {
        told = resolve
      })
    }
  }
  return { settling, world, ends, ended }
}

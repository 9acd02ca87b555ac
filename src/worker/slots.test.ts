import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Slot, takeSlot } from './slots.js'

/** Web Locks of one origin: exclusive, first come first served. */
class FakeLocks {
  readonly held = new Set<string>()
  private readonly queues = new Map<string, (() => void)[]>()

  request = async (
    name: string,
    options: LockOptions,
    granted: (lock: Lock | null) => unknown,
  ): Promise<unknown> => {
    const { ifAvailable, signal } = options
    // The real one rejects this combination.
    if (ifAvailable && signal) throw new DOMException('both', 'NotSupportedError')
    await Promise.resolve()
    signal?.throwIfAborted()
    if (this.held.has(name)) {
      if (ifAvailable) return granted(null)
      await this.queue(name, signal)
    }
    this.held.add(name)
    try {
      return await granted({ name, mode: 'exclusive' } as Lock)
    } finally {
      this.held.delete(name)
      this.queues.get(name)?.shift()?.()
    }
  }

  private queue(name: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.queues.get(name) ?? []
      this.queues.set(name, queue)
      queue.push(resolve)
      signal?.addEventListener('abort', () => {
        const place = queue.indexOf(resolve)
        if (place < 0) return
        queue.splice(place, 1)
        reject(signal.reason)
      })
    })
  }
}

describe('identity slots', () => {
  let locks: FakeLocks
  beforeEach(() => {
    vi.useFakeTimers()
    locks = new FakeLocks()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const take = (remembered?: number) =>
    takeSlot({ locks: locks as unknown as LockManager, name: 'app', remembered })

  /** All timers that a pending call needs. */
  async function settled<T>(call: Promise<T>): Promise<T> {
    call.catch(() => {})
    await vi.advanceTimersByTimeAsync(1000)
    return call
  }

  it('new tabs take the free slots from 0 up', async () => {
    expect(await take()).toMatchObject({ slot: 0, held: true })
    expect(await take()).toMatchObject({ slot: 1, held: true })
    expect([...locks.held]).toEqual(['gossamer:app:0', 'gossamer:app:1'])
  })

  it('a released slot is free again', async () => {
    const first = await take()
    first.release()
    await vi.advanceTimersByTimeAsync(0)
    expect((await take()).slot).toBe(0)
  })

  it('other names have slots of their own', async () => {
    await take()
    const other = await takeSlot({
      locks: locks as unknown as LockManager,
      name: 'b',
      remembered: undefined,
    })
    expect(other.slot).toBe(0)
  })

  it('a reloaded tab gets its slot back, though lower ones are free', async () => {
    expect((await take(7)).slot).toBe(7)
  })

  it('a reload waits for its former worker to die', async () => {
    const former = await take(3)
    const reloaded = take(3)
    await vi.advanceTimersByTimeAsync(450)
    former.release()
    expect((await settled(reloaded)).slot).toBe(3)
  })

  it('a duplicated tab gives up after 500 ms and takes another slot', async () => {
    await take(0)
    const duplicate = take(0)
    let slot: Slot | undefined
    void duplicate.then(taken => (slot = taken))
    await vi.advanceTimersByTimeAsync(499)
    expect(slot).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(slot).toMatchObject({ slot: 1, held: true })
  })

  it('a duplicate that gave up does not take the slot when it becomes free', async () => {
    const original = await take(0)
    await settled(take(0))
    original.release()
    await vi.advanceTimersByTimeAsync(0)
    expect(locks.held).toEqual(new Set(['gossamer:app:1']))
  })

  it('two tabs reloaded at once do not swap', async () => {
    const [a, b] = [await take(), await take()]
    const [reloadedB, reloadedA] = [take(1), take(0)]
    await vi.advanceTimersByTimeAsync(100)
    a.release()
    await vi.advanceTimersByTimeAsync(100)
    b.release()
    expect((await settled(reloadedA)).slot).toBe(0)
    expect((await settled(reloadedB)).slot).toBe(1)
  })

  it.each([-1, 64, 1.5, Number.NaN, 2 ** 40])(
    'a remembered slot of %s is none',
    async remembered => {
      expect((await take(remembered)).slot).toBe(0)
    },
  )

  it('the 65th tab has a number that no lock guards', async () => {
    const slots = []
    for (let n = 0; n < 64; n++) slots.push((await take()).slot)
    expect(new Set(slots).size).toBe(64)
    const last = await take()
    expect(last.held).toBe(false)
    expect(last.slot).toBeGreaterThanOrEqual(64)
    last.release()
  })

  it('without Web Locks every tab has such a number', async () => {
    const slots = await Promise.all(
      [1, 2].map(() => takeSlot({ locks: undefined, name: 'app', remembered: 0 })),
    )
    expect(slots.map(({ held }) => held)).toEqual([false, false])
    expect(slots[0]!.slot).not.toBe(slots[1]!.slot)
  })

  it('a frame that may not use Web Locks fares like a browser without them', async () => {
    locks.request = async () => {
      throw new DOMException('not here', 'SecurityError')
    }
    expect(await take(0)).toMatchObject({ held: false })
    expect(await take()).toMatchObject({ held: false })
  })
})

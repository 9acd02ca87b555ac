import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WakeUp } from './wake.js'

const START = 1_000_000

beforeEach(() => void vi.useFakeTimers({ now: START }))
afterEach(() => void vi.useRealTimers())

describe('the one timer', () => {
  it('wakes whoever is due and nobody else, at the time asked for', () => {
    const { wake, sleeper, woken } = alarm()
    sleeper('early', 100)
    sleeper('late', 250)
    wake.arm()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(99)
    expect(woken).toEqual([])
    vi.advanceTimersByTime(1)
    expect(woken).toEqual(['early 100'])
    vi.advanceTimersByTime(150)
    expect(woken).toEqual(['early 100', 'late 250'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('follows a deadline that moves nearer, farther or away', () => {
    const { wake, sleeper, woken } = alarm()
    const moving = sleeper('it', 500)
    wake.arm()
    moving.at = START + 100
    wake.arm()
    vi.advanceTimersByTime(100)
    expect(woken).toEqual(['it 100'])
    moving.at = START + 200
    wake.arm()
    moving.at = START + 900
    wake.arm()
    vi.advanceTimersByTime(799)
    expect(woken).toHaveLength(1)
    moving.at = undefined
    wake.arm()
    vi.advanceTimersByTime(2_000)
    expect(woken).toHaveLength(1)
  })

  it('arming again for the same time sets no second timer and does not begin anew', () => {
    const { wake, sleeper, woken } = alarm()
    sleeper('it', 100)
    wake.arm()
    vi.advanceTimersByTime(60)
    wake.arm()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(40)
    expect(woken).toEqual(['it 100'])
  })

  it('says once after each ring that a task is over, and arms itself for what comes next', () => {
    const { wake, sleeper, woken, rings } = alarm()
    const first = sleeper('first', 10)
    first.next = START + 30
    sleeper('second', 10)
    wake.arm()
    vi.advanceTimersByTime(10)
    expect([woken, rings()]).toEqual([['first 10', 'second 10'], 1])
    vi.advanceTimersByTime(20)
    expect([woken.at(-1), rings()]).toEqual(['first 30', 2])
  })

  it('does not ring before the last fraction of a millisecond is over', () => {
    const { wake, sleeper, woken } = alarm()
    sleeper('it', 10.25)
    const timers = vi.spyOn(globalThis, 'setTimeout')
    wake.arm()
    expect(timers.mock.lastCall![1]).toBe(11)
    vi.advanceTimersByTime(11)
    expect([woken, timers.mock.calls.length]).toEqual([['it 11'], 1])
  })

  it('says nothing of a ring at which nobody is due any more', () => {
    const { wake, sleeper, woken, rings } = alarm()
    const moving = sleeper('it', 10)
    wake.arm()
    moving.at = START + 30
    vi.advanceTimersByTime(20)
    expect([woken, rings()]).toEqual([[], 0])
    vi.advanceTimersByTime(10)
    expect([woken, rings()]).toEqual([['it 30'], 1])
  })

  it('a deadline long past rings as soon as it can', () => {
    const { wake, sleeper, woken } = alarm()
    sleeper('it', -5_000)
    wake.arm()
    vi.advanceTimersByTime(1)
    expect(woken).toHaveLength(1)
  })

  it('a deadline farther than timers count is reached all the same, and wakes nobody before', () => {
    const { wake, sleeper, woken } = alarm()
    const far = 2 ** 31 + 5_000
    const timers = vi.spyOn(globalThis, 'setTimeout')
    sleeper('it', far)
    wake.arm()
    // What is longer rings at once, in browsers and in Node.
    expect(timers.mock.lastCall![1]).toBe(2 ** 31 - 1)
    vi.advanceTimersByTime(far - 1)
    expect(woken).toEqual([])
    vi.advanceTimersByTime(1)
    expect(woken).toEqual([`it ${far}`])
  })

  it('whoever was removed is not woken, not even by a ring under way, and after stop nobody is', () => {
    const { wake, sleeper, woken } = alarm()
    const first = sleeper('first', 10)
    const second = sleeper('second', 10)
    first.act = () => {
      wake.remove(second)
      second.at = undefined
    }
    sleeper('third', 20)
    wake.arm()
    vi.advanceTimersByTime(10)
    expect(woken).toEqual(['first 10'])
    wake.stop()
    vi.advanceTimersByTime(1_000)
    expect([woken.length, vi.getTimerCount()]).toEqual([1, 0])
  })
})

interface TestSleeper {
  at: number | undefined
  /** Its deadline after it was woken. */
  next: number | undefined
  act: () => void
  readonly nextDeadline: { at: number; reason: string } | undefined
  wake(now: number): void
}

function alarm() {
  const woken: string[] = []
  let rings = 0
  const wake = new WakeUp(Date.now, act => {
    act()
    rings++
  })
  const sleeper = (name: string, inMs: number): TestSleeper => {
    const made: TestSleeper = {
      at: START + inMs,
      next: undefined,
      act: () => {},
      get nextDeadline() {
        return made.at === undefined ? undefined : { at: made.at, reason: name }
      },
      wake(now) {
        woken.push(`${name} ${now - START}`)
        made.at = made.next
        made.next = undefined
        made.act()
      },
    }
    wake.add(made)
    return made
  }
  return { wake, sleeper, woken, rings: () => rings }
}

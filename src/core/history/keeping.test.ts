import { describe, expect, it } from 'vitest'
import type { MessageId } from '../ids.js'
import type { NodeOutput } from '../io.js'
import { Random } from '../random.js'
import { Author, hashOf, TOPIC } from './author.suite.js'
import { HISTORY_DEFAULTS } from './config.js'
import { Keeping } from './keeping.js'

type StoreOps = Extract<NodeOutput, { type: 'store-ops' }>

describe('what the store does not take', () => {
  it('is held with all that comes after, and tried again in one call, in order', () => {
    const { keeping, calls, batch } = keeper()
    keeping.store(batch(1))
    expect(keeping.stored(0, calls[0]!.ref, false)).toBe('failed')
    keeping.store(batch(2, 3))
    expect(calls).toHaveLength(1)
    expect(keeping).toMatchObject({ isSuspended: true, hasRoom: false })
    const { at } = keeping.nextDeadline!
    keeping.wake(at - 1)
    expect(calls).toHaveLength(1)
    keeping.wake(at)
    expect(calls[1]!.ops.map(({ position }) => position)).toEqual([1, 2, 3])
    expect(calls[1]!.lanes.map(({ height }) => height)).toEqual([3])
    expect(keeping.stored(at, calls[1]!.ref, true)).toBe('resumed')
    expect(keeping).toMatchObject({ isSuspended: false, hasRoom: true, nextDeadline: undefined })
  })

  it('is told of once, however many calls fail', () => {
    const { keeping, calls, batch } = keeper()
    for (const n of [1, 2, 3]) keeping.store(batch(n))
    expect(calls.map(({ ref }) => keeping.stored(0, ref, false))).toEqual([
      'failed',
      undefined,
      undefined,
    ])
    keeping.wake(keeping.nextDeadline!.at)
    expect(calls[3]!.ops.map(({ position }) => position)).toEqual([1, 2, 3])
    expect(keeping.stored(5_000, calls[3]!.ref, false)).toBeUndefined()
    expect(keeping.nextDeadline!.at - 5_000).toBe(2 * HISTORY_DEFAULTS.idlePauseMs)
  })

  it('is tried again with its lanes as they came to be, in whatever order calls fail', () => {
    const { keeping, calls, batch } = keeper()
    for (const n of [1, 2, 3]) keeping.store(batch(n))
    for (const n of [0, 2, 1]) keeping.stored(0, calls[n]!.ref, false)
    keeping.wake(keeping.nextDeadline!.at)
    expect(calls[3]!.lanes.map(({ height }) => height)).toEqual([3])
  })

  it('does not hold up what is ours', () => {
    const { keeping, calls, batch } = keeper()
    keeping.store(batch(1))
    keeping.stored(0, calls[0]!.ref, false)
    const message = batch(2).ops[0]!.message
    keeping.storeOwn({ ref: 9, message }, batch(2))
    expect(calls[1]).toMatchObject({ own: true })
    expect(keeping.stored(0, calls[1]!.ref, true)).toEqual({ ref: 9, message })
  })
})

describe('ops without their parents', () => {
  it('are stored five seconds later, those that still wait', () => {
    const { keeping, calls, batch, waiting } = keeper()
    for (const n of [1, 2, 3]) waiting.add(n)
    keeping.storeLater(0, batch(1, 2).ops)
    keeping.storeLater(1_000, batch(3).ops)
    waiting.delete(2)
    expect(keeping.nextDeadline?.at).toBe(5_000)
    keeping.wake(4_999)
    expect(calls).toEqual([])
    keeping.wake(5_000)
    expect(calls.map(({ ops }) => ops.map(({ message }) => message.seq))).toEqual([[1, 3]])
    expect(keeping.nextDeadline).toBeUndefined()
  })

  it('that came to wait no more cost the store nothing', () => {
    const { keeping, calls, batch } = keeper()
    keeping.storeLater(0, batch(1, 2).ops)
    keeping.wake(5_000)
    expect(calls).toEqual([])
    expect(keeping.hasRoom).toBe(true)
  })

  it('are stored at once when the topic is left', () => {
    const { keeping, calls, batch, waiting } = keeper()
    waiting.add(1)
    keeping.storeLater(0, batch(1).ops)
    keeping.storeLate()
    expect(calls).toHaveLength(1)
    expect(keeping.nextDeadline).toBeUndefined()
  })
})

it('five hundred and twelve ops may wait for the store', () => {
  const { keeping, calls, batch } = keeper()
  for (let n = 1; n <= 512; n++) keeping.store(batch(n))
  expect(keeping.hasRoom).toBe(true)
  keeping.store(batch(513))
  expect(keeping.hasRoom).toBe(false)
  expect(keeping.stored(0, calls[0]!.ref, true)).toBe('kept')
  expect(keeping.hasRoom).toBe(true)
})

function keeper() {
  const calls: StoreOps[] = []
  const out = (output: NodeOutput) => void calls.push(output as StoreOps)
  const waiting = new Set<number>()
  const isWaiting = ({ seq }: MessageId) => waiting.has(seq)
  const keeping = new Keeping(TOPIC, HISTORY_DEFAULTS, () => [], isWaiting, out)
  const author = new Author(new Random(1))
  for (let i = 0; i < 520; i++) author.say()
  /** Ops at these positions, and the lane up to the last. */
  const batch = (...positions: number[]) => {
    const ops = positions.map(position => {
      const message = author.said[position - 1]!
      return { message, hash: hashOf(message), position }
    })
    const { message, hash } = ops.at(-1)!
    const lane = { author: author.id, height: message.seq, tip: hash, oldest: 1, oldestHash: hash }
    return { ops, lanes: [{ ...lane, frozen: false }] }
  }
  return { keeping, calls, batch, waiting }
}

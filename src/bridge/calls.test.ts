import { afterEach, expect, it, vi } from 'vitest'
import { Calls } from './calls.js'
import { errorOf, GossamerError } from './errors.js'

it('each answer finds its question, in whatever order they come', async () => {
  const { calls, posted } = questions()
  const first = calls.ask(call => ({ call, q: 1 }))
  const second = calls.ask(call => ({ call, q: 2 }))
  expect(posted).toEqual([
    { call: 1, q: 1 },
    { call: 2, q: 2 },
  ])
  calls.settle({ type: 'answer', call: 2, value: 'two' })
  calls.settle({ type: 'answer', call: 1, value: 'one' })
  expect(await Promise.all([first, second])).toEqual(['one', 'two'])
})

it('a refusal rejects with its code; one that is not known here is told as failed', async () => {
  const { calls } = questions()
  const known = calls.ask(call => ({ call }))
  const unknown = calls.ask(call => ({ call }))
  calls.settle({ type: 'refused', call: 1, code: 'storage-failed', message: 'Disk.' })
  calls.settle({ type: 'refused', call: 2, code: 'new-thing', message: 'What.' })
  await expect(known).rejects.toMatchObject({ code: 'storage-failed', message: 'Disk.' })
  await expect(unknown).rejects.toMatchObject({ code: 'failed', message: 'What. (new-thing)' })
  expect(errorOf('toString', 'x').code).toBe('failed')
})

it('when the other side dies all reject, and so does every later one', async () => {
  const { calls, posted } = questions()
  const waits = [calls.ask(call => ({ call })), calls.ask(call => ({ call }))]
  const gone = new GossamerError('worker-gone', 'Dead.')
  calls.fail(gone)
  calls.fail(new GossamerError('closed', 'Later.'))
  for (const wait of waits) await expect(wait).rejects.toBe(gone)
  await expect(calls.ask(call => ({ call }))).rejects.toBe(gone)
  expect(posted).toHaveLength(2)
})

it('a signal stops the waiting, and a late answer is nothing', async () => {
  const { calls } = questions()
  const over = new AbortController()
  const asked = calls.ask(call => ({ call }), { signal: over.signal })
  over.abort(new Error('enough'))
  await expect(asked).rejects.toThrow('enough')
  calls.settle({ type: 'answer', call: 1, value: 1 })
})

it('a signal aborted before asks nothing', async () => {
  const { calls, posted } = questions()
  const signal = AbortSignal.abort(new Error('no'))
  await expect(calls.ask(call => ({ call }), { signal })).rejects.toThrow('no')
  expect(posted).toEqual([])
})

it('a call with a time rejects with no-answer after it, and not when it was answered', async () => {
  vi.useFakeTimers()
  const { calls } = questions()
  const silent = calls.ask(call => ({ call }), { timeoutMs: 100 })
  const outcome = expect(silent).rejects.toMatchObject({ code: 'no-answer' })
  const answered = calls.ask(call => ({ call }), { timeoutMs: 100 })
  calls.settle({ type: 'answer', call: 2, value: 1 })
  await vi.advanceTimersByTimeAsync(100)
  await outcome
  expect(await answered).toBe(1)
  expect(vi.getTimerCount()).toBe(0)
})

it('a message that can’t be posted rejects with what the port threw', async () => {
  const calls = new Calls(() => {
    throw new Error('DataCloneError')
  })
  await expect(calls.ask(call => ({ call }))).rejects.toThrow('DataCloneError')
})

it('the 1,025th question at once is refused as busy', async () => {
  const { calls } = questions()
  for (let i = 0; i < 1_024; i++) void calls.ask(call => ({ call }))
  await expect(calls.ask(call => ({ call }))).rejects.toMatchObject({ code: 'busy' })
})

function questions(): { calls: Calls; posted: unknown[] } {
  const posted: unknown[] = []
  return { calls: new Calls(message => posted.push(message)), posted }
}

afterEach(() => {
  vi.useRealTimers()
})

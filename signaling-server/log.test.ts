import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Log } from './log.js'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('a line is written once a minute, however often there is cause', () => {
  const write = vi.fn()
  const log = new Log(write, () => {})
  for (let i = 0; i < 3; i++) log.say('full')
  log.say('other')
  vi.advanceTimersByTime(59_999)
  log.say('full')
  expect(write.mock.calls).toEqual([['full'], ['other']])
  vi.advanceTimersByTime(1)
  log.say('full')
  expect(write).toHaveBeenCalledTimes(3)
})

it('a writer that throws is counted, and harms nobody', () => {
  const failed = vi.fn()
  const write = () => {
    throw new Error('the disk is full')
  }
  new Log(write, failed).say('full')
  expect(failed).toHaveBeenCalledOnce()
})

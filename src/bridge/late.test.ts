import { afterEach, expect, it, vi } from 'vitest'
import { late } from './late.js'

afterEach(() => vi.restoreAllMocks())

it('what never comes is given up after 15 s, with the reason', async () => {
  const time = new AbortController()
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(time.signal)
  const given = Promise.race([new Promise(() => {}), late()])
  time.abort(new Error('its time is over'))
  await expect(given).rejects.toThrow('its time is over')
  expect(timeout).toHaveBeenCalledWith(15_000)
})

it('what came in time is given, and nothing rejects unheard when the time is over', async () => {
  const time = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(time.signal)
  expect(await Promise.race([Promise.resolve('here'), late()])).toBe('here')
  time.abort(new Error('its time is over'))
  await new Promise(resolve => setTimeout(resolve, 0))
})

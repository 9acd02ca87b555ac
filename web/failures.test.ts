import { describe, expect, it } from 'vitest'
import { endOf, failureOf, noticeOf, unreadable } from './failures.js'

describe('what went wrong is said in whole sentences', () => {
  it('also where the library or the browser leaves out the stop', () => {
    const error = new Error('Failed to fetch /assets/worker-history.js')
    expect(endOf(error).text).toBe(`${error.message}. Reload the page to come back.`)
    expect(unreadable(error).text).toBe(`Earlier messages could not be read: ${error.message}.`)
    expect(endOf(new Error('It is over.')).text).toBe('It is over. Reload the page to come back.')
  })

  it('and where a file of the page is missing, with what may help', () => {
    const error = Object.assign(new Error('no such file'), { code: 'protocol-unavailable' })
    expect(failureOf(error)).toMatchObject({
      title: 'This room could not be opened',
      technical: true,
      advice: expect.stringContaining('was not deployed'),
    })
  })
})

describe('a notice', () => {
  it('of a history that cannot be kept stands until it can', () => {
    const stands = noticeOf({ type: 'historyFailed', reason: 'The disk is full.' })
    expect(stands).toMatchObject({ code: 'history', tone: 'warning' })
    expect(noticeOf({ type: 'historyResumed' })).toEqual({ cleared: 'history' })
  })

  it('tells of an author who signed twice', () => {
    expect(noticeOf({ type: 'fork' })).toMatchObject({ code: 'fork', tone: 'warning' })
  })

  it('is not made of what needs no word', () => {
    for (const type of ['neighborUp', 'neighborDown', 'joinFailed', 'synced', 'historyProgress'])
      expect(noticeOf({ type }), type).toBeUndefined()
  })
})

import { expect, test } from 'vitest'
import type { Entry } from './chat.js'
import { insertByTime, rowsOf } from './rows.js'

const entry = (key: number, at: number, author = 'ada'): Entry => ({
  key,
  author,
  nick: author,
  said: { kind: 'chat', nick: author, text: `text ${key}` },
  at,
  way: { kind: 'sending' },
})
/** The entries are of its day, whatever the zone. */
const NOW = 500_000
const keys = (entries: readonly Entry[]) => entries.map(({ key }) => key)

test('an entry takes its place by time, and among equals the last', () => {
  const entries = [entry(1, 10), entry(2, 20), entry(3, 20), entry(4, 30)]
  expect(keys(insertByTime(entries, entry(5, 20)))).toEqual([1, 2, 3, 5, 4])
  expect(keys(insertByTime(entries, entry(5, 5)))).toEqual([5, 1, 2, 3, 4])
  expect(keys(insertByTime(entries, entry(5, 40)))).toEqual([1, 2, 3, 4, 5])
})

test('a name is not repeated for the same author soon after', () => {
  const rows = rowsOf(
    [entry(1, 0), entry(2, 1_000), entry(3, 2_000, 'bo'), entry(4, 400_000, 'bo')],
    undefined,
    NOW,
  )
  expect(rows.map(row => row.kind === 'message' && row.follows)).toEqual([
    false,
    true,
    false,
    false,
  ])
})

test('the unread mark stands above its entry, which has its name again', () => {
  const rows = rowsOf([entry(1, 0), entry(2, 1_000)], 2, NOW)
  expect(rows.map(row => row.kind)).toEqual(['message', 'unread', 'message'])
  expect(rows[2]).toMatchObject({ follows: false })
})

test('a mark whose entry made room for newer ones is gone', () => {
  expect(rowsOf([entry(5, 0)], 2, NOW).map(row => row.kind)).toEqual(['message'])
})

test('each day has its mark, but for a room in which all was said today', () => {
  const noon = new Date(2027, 4, 3, 12).getTime()
  const day = 24 * 60 * 60_000
  const entries = [entry(1, noon - 2 * day), entry(2, noon - day), entry(3, noon - day + 1)]
  const kinds = (now: number) =>
    rowsOf([...entries, entry(4, noon)], undefined, now).map(row => row.kind)
  expect(kinds(noon)).toEqual(['day', 'message', 'day', 'message', 'message', 'day', 'message'])
  expect(rowsOf([entry(1, noon)], undefined, noon + 1).map(row => row.kind)).toEqual(['message'])
  expect(rowsOf([entry(1, noon)], undefined, noon + day).map(row => row.kind)).toEqual([
    'day',
    'message',
  ])
})

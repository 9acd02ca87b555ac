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
  )
  expect(rows.map(row => row.kind === 'message' && row.follows)).toEqual([
    false,
    true,
    false,
    false,
  ])
})

test('the unread mark stands above its entry, which has its name again', () => {
  const rows = rowsOf([entry(1, 0), entry(2, 1_000)], 2)
  expect(rows.map(row => row.kind)).toEqual(['message', 'unread', 'message'])
  expect(rows[2]).toMatchObject({ follows: false })
})

test('a mark whose entry made room for newer ones is gone', () => {
  expect(rowsOf([entry(5, 0)], 2).map(row => row.kind)).toEqual(['message'])
})

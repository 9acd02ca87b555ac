import { expect, test } from 'vitest'
import { NOTHING_UNREAD, titleOf, type UnreadInput, unreadAfter } from './unread.js'

const after = (...inputs: UnreadInput[]) => inputs.reduce(unreadAfter, NOTHING_UNREAD)
const arrived = (...keys: number[]): UnreadInput => ({ type: 'arrived', keys, looking: false })

test('what comes while someone looks is read', () => {
  expect(after({ type: 'arrived', keys: [1, 2], looking: true })).toEqual(NOTHING_UNREAD)
})

test('the mark stands above the first that came unseen', () => {
  expect(after(arrived(4), arrived(5, 6))).toEqual({ count: 3, first: 4 })
})

test('seen, the count goes and the mark stays', () => {
  expect(after(arrived(4), { type: 'seen' })).toEqual({ count: 0, first: 4 })
})

test('the next that comes unseen takes the mark with it', () => {
  expect(after(arrived(4), { type: 'seen' }, arrived(7))).toEqual({ count: 1, first: 7 })
})

test('who speaks has read everything', () => {
  expect(after(arrived(4), { type: 'spoke' })).toEqual(NOTHING_UNREAD)
})

test('nothing that arrived is nothing unread', () => {
  expect(after(arrived())).toEqual(NOTHING_UNREAD)
})

test.each([
  [0, '#tea · Gossamer chat'],
  [3, '(3) #tea · Gossamer chat'],
  [100, '(99+) #tea · Gossamer chat'],
])('the title tells %i unread as "%s"', (count, title) => {
  expect(titleOf('tea', count)).toBe(title)
})

import { expect, test } from 'vitest'
import { type Follow, followAfter, type Scroller } from './follow.js'

const AT_BOTTOM: Follow = { following: true, scrollTop: 600 }
const scroller = (scrollTop: number, scrollHeight = 1_000): Scroller => ({
  scrollTop,
  scrollHeight,
  clientHeight: 400,
})

test('a picture that loads before the event of our own scrolling leaves the log at the newest', () => {
  expect(followAfter(AT_BOTTOM, scroller(600, 1_090)).following).toBe(true)
})

test('a reader who goes up ends it, and one who comes back to the bottom begins it again', () => {
  const up = followAfter(AT_BOTTOM, scroller(500))
  expect(up.following).toBe(false)
  const onTheWay = followAfter(up, scroller(550))
  expect(onTheWay.following).toBe(false)
  expect(followAfter(onTheWay, scroller(590)).following).toBe(true)
})

test('a log that shrinks to its bottom goes on following', () => {
  expect(followAfter(AT_BOTTOM, scroller(300, 700)).following).toBe(true)
})

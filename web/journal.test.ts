import type { PeerId } from 'gossamer'
import { expect, test } from 'vitest'
import { type JournalLine, lineOf, nameIn, withLine } from './journal.js'

const peer = 'abcdefgh'.padEnd(52, 'a') as PeerId

test('a neighbor that goes is told with its reason', () => {
  const event = { type: 'neighborDown', peer, reason: 'link-lost' } as const
  expect(lineOf(event as never, () => 'Ada')).toEqual({
    kind: 'link',
    text: 'Ada is no neighbor any more: link lost.',
  })
})

test.each([
  [{ type: 'historyFailed', reason: 'The disk is full.' }, "can't be kept: The disk is full."],
  [{ type: 'historyResumed' }, 'What comes is kept again.'],
  [{ type: 'historyGap', author: peer, first: 3, last: 9 }, 'keeps messages 3 to 9 of Ada any'],
  [{ type: 'historyGap', author: peer, first: 3, last: 3 }, 'keeps message 3 of Ada any more.'],
  [{ type: 'fork', author: peer, seq: 7 }, 'Ada signed two different messages as number 7'],
  [{ type: 'parentsMissing', id: `${peer}:4`, missing: ['a', 'b'] }, 'without 2 messages before'],
])('what happens to the history is told: %j', (event, words) => {
  expect(lineOf(event as never, () => 'Ada')?.text).toContain(words)
})

test('messages are no lines of the log', () => {
  expect(lineOf({ type: 'peerData', peer, data: new Uint8Array() }, () => '')).toBeUndefined()
})

test('the log keeps the newest lines, each with a key of its own', () => {
  let lines: JournalLine[] = []
  for (let i = 0; i < 400; i++) lines = withLine(lines, { at: i, kind: 'state', text: `line ${i}` })
  expect(lines).toHaveLength(300)
  expect(lines.at(-1)).toMatchObject({ text: 'line 399', key: 400 })
  expect(new Set(lines.map(({ key }) => key)).size).toBe(300)
})

test('a peer is named by nick and key, or by key alone', () => {
  expect(nameIn(new Map([[peer, 'Ada']]), peer)).toBe('Ada (abcdefgh)')
  expect(nameIn(new Map(), peer)).toBe('abcdefgh')
})

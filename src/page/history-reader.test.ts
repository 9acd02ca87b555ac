import { describe, expect, it } from 'vitest'
import type { HistoryPage, ReadRequest } from '../bridge/node-messages.js'
import type { PeerId } from '../core/ids.js'
import { settled, somePeer } from './fake-node.suite.js'
import { HistoryReader } from './history-reader.js'

const REQUEST = { since: 5, limit: 100, live: false }

describe('kept messages', () => {
  it('are read page by page, each from where the last ended, until one is empty', async () => {
    const node = new FakeHistory([1, 2], [3], [])
    const read: unknown[] = []
    for await (const { seq, author, id, time, content } of node.reader()) {
      expect([author, id, time]).toEqual([AUTHOR, `${AUTHOR}:${seq}`, seq * 1000])
      read.push([seq, [...content]])
    }
    expect(read).toEqual([
      [1, [1]],
      [2, [2, 2]],
      [3, [3, 3, 3]],
    ])
    expect(node.asked.map(({ position }) => position)).toEqual([undefined, 102, 103])
    expect(node.asked[0]).toMatchObject(REQUEST)
  })

  it('are asked for only as they are read', async () => {
    const node = new FakeHistory([1, 2], [3], [])
    const reader = node.reader()
    expect(node.asked).toHaveLength(0)
    await reader.next()
    await reader.next()
    expect(node.asked).toHaveLength(1)
  })

  it('come once each to those who ask without waiting', async () => {
    const reader = new FakeHistory([1, 2], [3], []).reader()
    const results = await Promise.all(Array.from({ length: 5 }, () => reader.next()))
    expect(results.map(({ value }) => value?.seq)).toEqual([1, 2, 3, undefined, undefined])
  })

  it('end for whoever leaves the loop, also while it waits', async () => {
    const node = new FakeHistory([1])
    const reader = node.reader()
    await reader.next()
    const waiting = reader.next()
    await settled()
    await reader.return()
    expect(await waiting).toEqual({ value: undefined, done: true })
    expect(await reader.next()).toEqual({ value: undefined, done: true })
    expect(node.given).toHaveLength(1)
    expect(node.given[0]!.aborted).toBe(true)
  })

  it('end with the reason of the signal, once', async () => {
    const over = new AbortController()
    const reader = new FakeHistory([1]).reader(over.signal)
    await reader.next()
    const waiting = reader.next()
    over.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(await reader.next()).toEqual({ value: undefined, done: true })
  })

  it('asked for with a signal that is over already end with its reason, and nothing is read', async () => {
    const node = new FakeHistory([1])
    const reader = node.reader(AbortSignal.abort(new Error('before')))
    await expect(reader.next()).rejects.toThrow('before')
    expect(await reader.next()).toEqual({ value: undefined, done: true })
    expect(node.asked).toEqual([])
  })

  it('end with what went wrong', async () => {
    const node = new FakeHistory([1])
    node.failure = new Error('broken')
    const reader = node.reader()
    await reader.next()
    await expect(reader.next()).rejects.toThrow('broken')
    expect(await reader.next()).toEqual({ value: undefined, done: true })
  })
})

/** Answers with these pages; after the last it waits, or fails. */
class FakeHistory {
  readonly asked: ReadRequest[] = []
  /** Of those that wait. */
  readonly given: AbortSignal[] = []
  failure: Error | undefined
  private readonly pages: number[][]

  constructor(...pages: number[][]) {
    this.pages = pages
  }

  reader(signal?: AbortSignal): HistoryReader {
    return new HistoryReader((request, ending) => this.answer(request, ending), REQUEST, signal)
  }

  private answer(request: ReadRequest, ending: AbortSignal): Promise<HistoryPage> {
    this.asked.push({ ...request })
    const seqs = this.pages.shift()
    if (seqs !== undefined) return Promise.resolve(pageOf(seqs))
    if (this.failure !== undefined) return Promise.reject(this.failure)
    this.given.push(ending)
    return new Promise((_, reject) =>
      ending.addEventListener('abort', () => reject(ending.reason as Error)),
    )
  }
}

function pageOf(seqs: number[]): HistoryPage {
  let end = 0
  return {
    authors: seqs.map(() => AUTHOR),
    seqs,
    times: seqs.map(seq => seq * 1000),
    ends: seqs.map(seq => (end += seq)),
    contents: new Uint8Array(seqs.flatMap(seq => Array<number>(seq).fill(seq))),
    position: 100 + (seqs.at(-1) ?? 0),
  }
}

const AUTHOR: PeerId = somePeer(1)

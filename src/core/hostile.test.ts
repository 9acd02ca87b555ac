import { describe, expect, it } from 'vitest'
import { CHAT, LoneNode, NEWS, peerOf } from './hostile.suite.js'

const A = peerOf(1)
const KNOCK = {
  type: 'neighbor-request',
  requestId: 9,
  priority: 'high',
  record: undefined,
} as const

describe('a knock said again by somebody who overheard it', () => {
  it('costs no link: only a knock never heard before shows that the link is gone', () => {
    const lone = new LoneNode()
    lone.subscribe()
    lone.input({ type: 'knock', from: A, topic: CHAT, knock: KNOCK })
    lone.linkUp(A)
    expect(lone.neighbors()).toEqual([A])
    lone.run(60_000)
    const replayed = lone.input({ type: 'knock', from: A, topic: CHAT, knock: KNOCK })
    expect(replayed.filter(({ type }) => type === 'hang-up')).toEqual([])
    expect(lone.neighbors()).toEqual([A])
    expect(lone.node.metrics()['knock-repeated']).toBe(1)

    const fresh = { ...KNOCK, requestId: 10 }
    const returned = lone.input({ type: 'knock', from: A, topic: CHAT, knock: fresh })
    expect(returned).toContainEqual({ type: 'hang-up', peer: A, reason: 'unused' })
  })

  it('is still known after knocks of thousands of strangers, as long as the link stands', () => {
    const lone = new LoneNode()
    lone.subscribe()
    lone.input({ type: 'knock', from: A, topic: CHAT, knock: KNOCK })
    lone.linkUp(A)
    for (let n = 1000; n < 6000; n++) {
      lone.input({ type: 'knock', from: peerOf(n), topic: CHAT, knock: KNOCK })
    }
    lone.run(10_000)
    lone.input({ type: 'knock', from: A, topic: CHAT, knock: KNOCK })
    expect(lone.neighbors()).toEqual([A])
  })
})

describe('terms said anew on one link', () => {
  it('that flip and flop are few events, and then a ban', () => {
    const lone = new LoneNode()
    lone.subscribe()
    lone.linkUp(A)
    for (let n = 0; n < 1000; n++) lone.greet(A, CHAT, { maxMessageSize: 4096 - (n % 2) })
    expect(lone.events('mismatch').length).toBeLessThan(40)
    expect(lone.node.isBanned(lone.now, A)).toBe(true)
  })

  it('that stay the same change nothing, however often they are said', () => {
    const lone = new LoneNode()
    lone.subscribe()
    lone.linkUp(A)
    for (let n = 0; n < 1000; n++) lone.greet(A, CHAT, { maxMessageSize: 9 })
    expect(lone.events('mismatch')).toHaveLength(1)
    expect(lone.outputs.filter(({ type }) => type === 'send-topic-hello')).toHaveLength(1)
  })
})

describe('a neighbor that comes and goes without end', () => {
  it('is taken 16 times, and refused until two seconds have passed for each more', () => {
    const lone = new LoneNode()
    lone.subscribe(CHAT)
    lone.subscribe(NEWS)
    // The other topic holds the link.
    lone.neighbor(A, CHAT, NEWS)
    // Just short of two seconds.
    for (let n = 0; n < 999; n++) {
      lone.now += 2
      lone.hear(A, { type: 'disconnect', alive: 'leaving', sample: [] })
      lone.hear(A, { ...KNOCK, requestId: n })
    }
    const ups = () => lone.events('neighborUp').length - 1
    expect(ups()).toBe(16)
    expect(lone.node.metrics()['returns-refused']).toBe(984)
    lone.run(4_000)
    lone.hear(A, KNOCK)
    expect(ups()).toBe(17)
  })
})

import { describe, expect, it } from 'vitest'
import { Random } from '../../random.js'
import { testPeer } from '../network.suite.js'
import { ActiveView, PassiveView, Reserve } from './views.js'

const [a, b, c, d] = [1, 2, 3, 4].map(testPeer) as [
  ReturnType<typeof testPeer>,
  ReturnType<typeof testPeer>,
  ReturnType<typeof testPeer>,
  ReturnType<typeof testPeer>,
]

describe('the active view', () => {
  it('knows who had its time', () => {
    const view = new ActiveView(2)
    view.add(0, a)
    view.add(500, b)
    expect(view.full).toBe(true)
    expect(view.settled(999)).toEqual([])
    expect(view.settled(1_000)).toEqual([a])
    expect(view.settled(1_500)).toEqual([a, b])
    expect(view.others(a)).toEqual([b])
  })

  it('gives up the farthest of them, any where none is far, and who goes takes its round trip along', () => {
    const view = new ActiveView(4)
    for (const peer of [a, b, c]) view.add(0, peer)
    view.add(5_000, d)
    const random = new Random(1)
    const given = () => new Set(Array.from({ length: 30 }, () => view.evictable(5_500, random)))
    expect(given()).toEqual(new Set([a, b, c]))
    view.noteRtt(a, 100)
    expect(given()).toEqual(new Set([a, b, c]))
    view.noteRtt(b, 170)
    view.noteRtt(c, 150)
    view.noteRtt(d, 900)
    expect(given()).toEqual(new Set([b]))
    view.delete(b)
    view.add(0, b)
    expect(given()).toEqual(new Set([c]))
    view.noteRtt(testPeer(9), 180)
    expect(given()).toEqual(new Set([c]))
  })
})

describe('the passive view', () => {
  it('full, gives up first what was just sent to the other side', () => {
    const view = new PassiveView(3)
    const random = new Random(1)
    for (const peer of [a, b, c]) expect(view.add(peer, random)).toBeUndefined()
    const spare = [testPeer(9), b]
    expect(view.add(d, random, spare)).toBe(b)
    expect(spare).toEqual([])
    expect(view.peers).toEqual([a, c, d])
    expect([a, c, d]).toContain(view.add(b, random, spare))
  })

  it('takes a peer once', () => {
    const view = new PassiveView(2)
    view.add(a, new Random(1))
    expect(view.add(a, new Random(1))).toBeUndefined()
    expect(view.size).toBe(1)
  })

  it('of no size holds nobody', () => {
    const view = new PassiveView(0)
    expect(view.add(a, new Random(1))).toBeUndefined()
    expect(view.size).toBe(0)
  })
})

describe('the reserve', () => {
  it('forgets the peer remembered longest ago', () => {
    const reserve = new Reserve(2)
    reserve.add(a)
    reserve.add(b)
    reserve.add(a)
    reserve.add(c)
    expect(reserve.peers).toEqual([c, a])
  })

  it('has lost neighbors visited after 1, 2, 4, 8 and 16 intervals, then no more', () => {
    const reserve = new Reserve(4)
    reserve.addLost(a, 10)
    reserve.addLost(b, 5)
    reserve.add(c)
    expect(reserve.dueVisit(4)).toBeUndefined()
    expect(reserve.dueVisit(10)).toBe(b)
    const visits: number[] = []
    reserve.delete(b)
    for (let now = 0; now < 1_000; now++) {
      if (reserve.dueVisit(now) !== a) continue
      visits.push(now)
      reserve.visited(now, a, 10)
    }
    expect(visits).toEqual([10, 30, 70, 150, 310])
    expect(reserve.has(a)).toBe(true)
    reserve.addLost(b, 5)
    reserve.delete(b)
    reserve.add(b)
    expect(reserve.dueVisit(1_000)).toBeUndefined()
  })

  it('of no size holds nobody', () => {
    const reserve = new Reserve(0)
    reserve.addLost(a, 1)
    expect(reserve.size).toBe(0)
  })
})

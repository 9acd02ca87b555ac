import { expect, it } from 'vitest'
import { testPeer } from '../network.suite.js'
import { Lost } from './lost.js'

const [a, b] = [testPeer(0), testPeer(1)]

it('the lost are looked for after half a minute, then after twice as long each time, for a quarter of an hour', () => {
  const lost = new Lost()
  lost.add(0, a)
  const visits: number[] = []
  for (let at = lost.nextAt; at !== undefined; at = lost.nextAt) {
    expect(lost.take(at - 1)).toEqual([])
    expect(lost.take(at)).toEqual([a])
    visits.push(at / 1_000)
  }
  expect(visits).toEqual([30, 90, 210, 450, 930])
})

it('the lost are 64 at most, the last lost among them', () => {
  const lost = new Lost()
  for (let n = 100; n < 200; n++) lost.add(0, testPeer(n))
  expect(lost.take(30_000)).toHaveLength(64)
  lost.add(0, b)
  expect(lost.take(30_000)).toContain(b)
})

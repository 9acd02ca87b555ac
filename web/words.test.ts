import { expect, test } from 'vitest'
import {
  delayInWords,
  hopsInWords,
  hueOf,
  initialOf,
  inventNick,
  neighborsInWords,
} from './words.js'

test.each([
  ['ada', 'A'],
  ['🇩🇪 Uwe', '🇩🇪'],
  ['👩‍🚀 Cosmo', '👩‍🚀'],
  ['', '·'],
  [undefined, '·'],
])('the initial of %s is %s', (name, initial) => {
  expect(initialOf(name)).toBe(initial)
})

test.each([
  [0, 'direct'],
  [1, '1 hop'],
  [7, '7 hops'],
])('round %i reads "%s"', (round, words) => {
  expect(hopsInWords(round)).toBe(words)
})

test.each([
  [-90_000, 'clocks differ'],
  [-251, 'clocks differ'],
  [-40, 'about 0 ms'],
  [0, 'about 0 ms'],
  [14.4, 'about 14 ms'],
  [1_540, 'about 1.5 s'],
  [120_000, 'about 2 min'],
  [86_400_000, 'clocks differ'],
])('a delay of %d ms reads "%s"', (delayMs, words) => {
  expect(delayInWords(delayMs)).toBe(words)
})

test('one neighbor is not many', () => {
  expect([0, 1, 5].map(neighborsInWords)).toEqual(['0 neighbors', '1 neighbor', '5 neighbors'])
})

test('a peer keeps its colour, and peers differ', () => {
  const peers = Array.from({ length: 20 }, (_, i) => `peer${i}`.padEnd(52, 'a'))
  expect(peers.map(hueOf)).toEqual(peers.map(hueOf))
  expect(new Set(peers.map(hueOf)).size).toBeGreaterThan(15)
  for (const hue of peers.map(hueOf)) expect(hue >= 0 && hue < 360).toBe(true)
})

test('an invented nick is two words, at both ends of chance', () => {
  for (const chance of [0, 0.5, 0.999999]) {
    expect(inventNick(() => chance)).toMatch(/^[a-z]+ [a-z]+$/)
  }
})

import { describe, expect, it } from 'vitest'
import { Graph } from './graph.js'

describe('a flood', () => {
  it('takes to each peer what the quickest way takes, and never reaches who is not joined', () => {
    const graph = new Graph([[1, 2], [0, 2], [0, 1, 3, -1], [2], []])
    const latency = (a: number, b: number) => (a + b === 2 ? 50 : 10)
    expect([...graph.flood(0, latency)]).toEqual([0, 10, 20, 30, Infinity])
    expect([...graph.flood(4, latency)]).toEqual([Infinity, Infinity, Infinity, Infinity, 0])
  })
})

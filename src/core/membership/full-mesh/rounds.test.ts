import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { testPeer } from '../network.suite.js'
import { Rounds } from './rounds.js'

const [a, b, c, d] = [0, 1, 2, 3].map(testPeer) as [PeerId, PeerId, PeerId, PeerId]
const PERIOD_MS = 1_000

describe('what neighbors said in their rounds', () => {
  it('counts for three periods: whom they named, and they themselves', () => {
    const rounds = heard([c, b, d])
    expect([...rounds.heardLately(3 * PERIOD_MS)].sort()).toEqual([b, c, d])
    expect([...rounds.heardLately(3 * PERIOD_MS + 1)]).toEqual([])
  })

  it('is older than that they are where they only go on to say anything', () => {
    const rounds = heard([c, b, d])
    rounds.hear(3 * PERIOD_MS, b, undefined)
    expect([...rounds.heardLately(3 * PERIOD_MS + 1)]).toEqual([b])
  })

  it('tells whom they have links with and we have not, as long', () => {
    const rounds = heard([a, c, b, d])
    expect(rounds.beyond(3 * PERIOD_MS)).toEqual([c])
    expect(rounds.beyond(3 * PERIOD_MS + 1)).toEqual([])
  })

  it('tells whether they have a link with a peer; before their first word it is taken for granted', () => {
    const rounds = heard()
    expect(rounds.hasLink(b, c)).toBe(true)
    rounds.hear(0, b, { digest: new Uint8Array(8), members: [c, b, d] })
    expect([rounds.hasLink(b, c), rounds.hasLink(b, d)]).toEqual([true, false])
  })

  it('is passed on to one that has the same neighbors, too: what others know it can lack', () => {
    const rounds = heard()
    rounds.hear(0, b, { digest: rounds.viewFor(b).digest, members: undefined })
    expect(rounds.partialViewFor(b, []).members).toBeUndefined()
    expect(rounds.partialViewFor(b, [c]).members).toEqual([b, a, c])
    expect(rounds.partialViewFor(b, [c]).members).toBeUndefined()
    expect(rounds.partialViewFor(b, []).members).toBeUndefined()
    expect(rounds.partialViewFor(b, [c]).members).toEqual([b, a, c])
  })
})

/** Rounds of one with one neighbor, which said this. */
function heard(members?: PeerId[]): Rounds {
  const rounds = new Rounds(a, PERIOD_MS)
  rounds.up(0, b)
  rounds.know(0, [b])
  if (members !== undefined) rounds.hear(0, b, { digest: new Uint8Array(8), members })
  return rounds
}

import { describe, expect, it } from 'vitest'
import { a, b, c, d, entry, One, T } from './presence.suite.js'

describe('presence in a full mesh', () => {
  it('of a neighbor is over when the neighbor goes, and back when it comes back', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    one.after(1_000_000)
    one.down(b, 'link-lost')
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    expect(one.shown()).toEqual([`${b}=x`, `${b}=`, `${b}=x`])
  })

  it('of a neighbor that comes back over a new link is back when it says it again, the same word', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    one.down(b, 'link-lost')
    one.presence.linkUp(T, b)
    one.up(b)
    expect(one.shown()).toEqual([`${b}=x`, `${b}=`])
    one.hear(c, entry(b, 'x', T))
    expect(one.shown()).toEqual([])
    one.hear(b, entry(b, 'x', T))
    expect(one.shown()).toEqual([`${b}=x`])
  })

  it('is passed on to nobody: all are told by their author', () => {
    const one = new One(a)
    one.up(b, c)
    one.hear(b, entry(b, 'x', T))
    one.after(1_000_000)
    expect(one.said()).toEqual([])
  })

  it('that lacks links goes on to those that have none with its author, and to others when they lose it', () => {
    const linked = new Set([`${b} ${d}`])
    const one = new One(a, false, (neighbor, peer) => linked.has(`${neighbor} ${peer}`))
    one.up(b, c, d)
    one.hear(d, entry(d, 'x', T))
    one.after(250)
    expect(one.said()).toEqual([`${c}: ${d}=x`])
    // Nobody waits for it meanwhile.
    expect(one.presence.nextDeadline).toBeUndefined()
    expect(one.presence.takeFor(T, b)).toEqual([])
    linked.clear()
    expect(one.presence.takeFor(T, b)).toMatchObject([{ peer: d }])
    expect(one.presence.takeFor(T, b)).toEqual([])
  })

  it('is said again while links are lacking, and taken back at the farewell then', () => {
    const one = new One(a)
    one.up(b)
    one.set('here')
    one.said()
    one.presence.mesh(T, 'forming')
    one.after(31_000)
    expect(one.said()).toEqual([`${b}: ${a}=here`])
    one.presence.mesh(T, 'complete')
    one.after(1_000_000)
    one.leave()
    expect(one.said()).toEqual([])
    one.presence.mesh(T + 2_000_000, 'forming')
    one.leave()
    expect(one.said()).toEqual([`${b}: ${a}=`])
  })
})

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../codec/bytes.js'
import { a, b, c, entry, One, T } from './presence.suite.js'

describe('presence', () => {
  it('set is sealed, and what was sealed is said to every neighbor, once', () => {
    const one = new One(a)
    one.up(b, c)
    one.set('hi')
    expect(one.said()).toEqual([`${b}: ${a}=hi`, `${c}: ${a}=hi`])
    one.after(10_000)
    expect(one.said()).toEqual([])
  })

  it('set before anyone is there is said to whoever comes', () => {
    const one = new One(a)
    one.set('hi')
    one.after(60_000)
    one.up(b)
    expect(one.said()).toEqual([`${b}: ${a}=hi`])
  })

  it('set often is said four times a second, the newest each time', () => {
    const one = new One(a)
    one.up(b)
    for (let n = 0; n < 100; n++) {
      one.set(`${n}`)
      one.after(10)
    }
    one.after(1_000)
    const said = one.said()
    expect(said.length).toBeGreaterThan(2)
    expect(said.length).toBeLessThan(7)
    expect(said.at(-1)).toBe(`${b}: ${a}=99`)
  })

  it('has a later time with each word, also where the clock stands still or went back', () => {
    const one = new One(a)
    const times = [one.set('1'), one.set('2', 250), one.set('3', 250)]
    expect(new Set(times).size).toBe(3)
    expect(times).toEqual([...times].sort())
    one.hear(b, entry(a, 'of before a reload', T + 3_600_000))
    one.after(250)
    expect(one.drafts.at(-1)!.time).toBe(T + 3_600_002)
  })

  it('of ours, heard again, is no news: only what is newer than our newest is', () => {
    const one = new One(a)
    one.set('1', 1_000)
    one.hear(b, entry(a, 'of before', T - 1_000), entry(a, '1', T))
    one.after(1_000)
    expect(one.drafts).toHaveLength(1)
    expect(one.set('2')).toBeGreaterThan(T)
  })

  it('is shown when it is news, and not when it is the same or older', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'new', T + 2))
    one.hear(b, entry(b, 'old', T + 1))
    one.hear(b, entry(b, 'new', T + 2))
    one.hear(b, entry(b, 'new', T + 3))
    one.hear(b, entry(b, undefined, T + 4))
    expect(one.shown()).toEqual([`${b}=new`, `${b}=`])
    expect(one.presence.knows(b, T + 4)).toBe(true)
    expect(one.presence.knows(b, T + 5)).toBe(false)
    expect(one.presence.knows(c, T)).toBe(false)
  })

  it('is kept as a copy: its packet may go', () => {
    const one = new One(a)
    const statement = entry(b, 'kept', T)
    one.hear(b, statement)
    statement.statement.value!.fill(0)
    expect(one.presence.shown[0]!.value).toEqual(utf8('kept'))
  })
})

describe('presence of a neighbor', () => {
  it('that fell silent and speaks again on the same link is shown again: it never knew that it was gone', () => {
    const one = new One(a)
    one.linked(b)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    one.down(b, 'link-lost')
    one.up(b)
    expect(one.shown()).toEqual([`${b}=x`, `${b}=`, `${b}=x`])
    one.after(1_000_000)
    expect(one.shown()).toEqual([])
  })

  it('that comes back by a new link is shown when it says so: it may be another life of it', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'x', T))
    one.down(b, 'link-lost')
    one.linked(b)
    one.up(b)
    expect(one.shown()).toEqual([`${b}=x`, `${b}=`])
  })

  it('with a new link in place of the old is told all again: what was under way is lost', () => {
    const one = new One(a)
    one.up(b)
    one.set('here')
    one.said()
    one.linked(b)
    one.after(1_000)
    expect(one.said()).toEqual([`${b}: ${a}=here`])
  })

  it('whose clock went back hears what we keep of it, so that its next word is newer', () => {
    const one = new One(a)
    one.up(b)
    one.hear(b, entry(b, 'before', T + 5_000))
    one.linked(b)
    one.after(1_000)
    expect(one.said()).toEqual([`${b}: ${b}=before`])
  })
})

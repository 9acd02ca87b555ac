import { describe, expect, it } from 'vitest'
import type { PresenceEntry } from '../core/presence/statement.js'
import { blame, DoorTest, gosp, others, shown, time, topic } from './door.suite.js'
import { TOPIC } from './world.suite.js'

describe('presence in a GOSP', () => {
  it('is verified, and passes as it came', async () => {
    const test = new DoorTest()
    const message = gosp(await shown(1))
    test.door.frame(test.link(0), topic(message))
    await time().quiet()
    expect(test.inputs).toEqual([
      { type: 'frame', from: others[0], epoch: 1, topic: TOPIC, message },
    ])
  })

  it.each<[string, (entry: PresenceEntry) => Partial<PresenceEntry['statement']>]>([
    ['value', () => ({ value: new Uint8Array([66]) })],
    ['time', ({ statement }) => ({ time: statement.time + 1 })],
    ['lifetime', () => ({ lifetimeMs: 600_000 })],
    ['signature', () => ({ signature: new Uint8Array(64) })],
    ['no signature', () => ({ signature: undefined })],
  ])('with another %s is blamed on who brought it', async (_, change) => {
    const test = new DoorTest()
    const good = await shown(1)
    const bad = { ...good, statement: { ...good.statement, ...change(good) } }
    test.door.frame(test.link(0), topic(gosp(good, bad)))
    await time().quiet()
    expect(test.inputs).toEqual([blame(others[0]!, 'bad-signature')])
  })

  it('that is no news costs no crypto, and is left out', async () => {
    const test = new DoorTest()
    test.presenceKnown = 1
    test.door.frame(test.link(0), topic(gosp(await shown(1))))
    await time().quiet()
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
    expect(test.inputs).toMatchObject([{ message: { type: 'gosp', presence: [] } }])
  })

  it('of an unsigned topic passes without a signature', async () => {
    const test = new DoorTest({ signed: false })
    const signed = await shown(1)
    const message = gosp({ ...signed, statement: { ...signed.statement, signature: undefined } })
    test.door.frame(test.link(0), topic(message))
    await time().quiet()
    expect(test.inputs).toMatchObject([{ type: 'frame', message }])
  })
})

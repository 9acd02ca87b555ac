import { describe, expect, it } from 'vitest'
import { pageExtra } from './load-extra.js'
import { FakeChannel, packets, peer, world } from './rtc-driver.suite.js'

describe('an adopted channel', () => {
  it('is lent where it can be, and is then no concern of the page', () => {
    const { driver, reports } = world()
    const channel = new FakeChannel('theirs')
    driver.adopt(channel as never, peer)
    expect(reports).toEqual([
      [{ type: 'rtc-adopted', peer, epoch: expect.any(Number), channel }, [channel]],
    ])
    expect(channel.onmessage).toBeNull()
  })

  it('is relayed where it can’t: announced, opened, carried, hung up', async () => {
    const { driver, reports, said, last } = world({ lends: false })
    const channel = new FakeChannel('theirs')
    channel.readyState = 'open'
    driver.adopt(channel as never, peer)
    await pageExtra()
    await Promise.resolve()
    expect(said()).toEqual(['rtc-adopted', 'rtc-relay-open'])
    const { epoch } = reports[0]![0] as { epoch: number }
    driver.obey({ ...packets([7]), epoch })
    expect(channel.sent).toEqual([[7]])
    driver.obey({ type: 'rtc-hang-up', peer, epoch })
    expect(channel.isClosed).toBe(true)
    expect(last()).toEqual({ type: 'rtc-closed', peer, epoch, reason: 'hung up' })
  })

  it('two with the same peer have epochs that grow', () => {
    const { driver, reports } = world()
    for (let i = 0; i < 3; i++) driver.adopt(new FakeChannel('theirs') as never, peer)
    const epochs = reports.map(([report]) => (report as { epoch: number }).epoch)
    expect(new Set(epochs).size).toBe(3)
    expect([...epochs].sort((a, b) => a - b)).toEqual(epochs)
  })
})

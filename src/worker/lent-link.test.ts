import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LINK_DEFAULTS } from '../link/config.js'
import { LentLink } from './lent-link.js'
import type { LinkListener } from './link.js'
import { FakeChannel } from './page.suite.js'
import { useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let channel: FakeChannel
let far: FakeChannel
let heard: Heard
let link: LentLink
beforeEach(() => {
  ;[channel, far] = FakeChannel.pair(time())
  heard = new Heard()
  link = new LentLink(channel, heard)
})

describe('a lent channel', () => {
  it('takes bytes, and tells when its buffer is low', () => {
    expect(channel.binaryType).toBe('arraybuffer')
    expect(channel.bufferedAmountLowThreshold).toBe(LINK_DEFAULTS.lowWaterBytes)
  })

  it('of which little is held tells when half of it has left', async () => {
    channel.open()
    await time().quiet()
    let amount = 0
    vi.spyOn(channel, 'bufferedAmount', 'get').mockImplementation(() => amount)
    const low = [100, 16 << 10, 48 << 10, 256 << 10].map(each => {
      amount = each
      link.send(new Uint8Array(1))
      return channel.bufferedAmountLowThreshold
    })
    const { lowWaterBytes } = LINK_DEFAULTS
    expect(low).toEqual([lowWaterBytes, 8 << 10, 24 << 10, lowWaterBytes])
    // And of half of what is left then, though nothing was sent meanwhile.
    amount = 40 << 10
    channel.onbufferedamountlow!()
    expect(channel.bufferedAmountLowThreshold).toBe(20 << 10)
  })

  it('says open once, then carries packets both ways in order', async () => {
    far.onmessage = ({ data }) => heard.said.push(`far ${new Uint8Array(data as ArrayBuffer)}`)
    channel.open()
    await time().quiet()
    link.send(new Uint8Array([1]))
    link.send(new Uint8Array([2]))
    far.send(new Uint8Array([3]))
    await time().quiet()
    channel.onopen?.()
    expect(heard.said).toEqual(['opened', 'far 1', 'far 2', 'packet 3'])
  })

  it('that was open when it arrived says so in a task of its own, once', async () => {
    const [early] = FakeChannel.pair(time())
    early.readyState = 'open'
    const later = new Heard()
    new LentLink(early, later)
    expect(later.said).toEqual([])
    await time().quiet()
    expect(later.said).toEqual(['opened'])
    early.onopen?.()
    expect(later.said).toEqual(['opened'])
  })

  it('that delivers before it says open is open by that', () => {
    channel.readyState = 'open'
    channel.arrive(new Uint8Array([9]).buffer)
    channel.onopen?.()
    expect(heard.said).toEqual(['opened', 'packet 9'])
  })

  it('ends at a text: nobody here sends any', () => {
    channel.readyState = 'open'
    channel.arrive('hello')
    channel.arrive(new Uint8Array([9]).buffer)
    expect(heard.said).toEqual(['opened', 'closed'])
    expect(channel.readyState).toBe('closed')
  })

  it('tells once that it is closed, whichever way it learns of it', async () => {
    channel.open()
    await time().quiet()
    far.close()
    await time().quiet()
    channel.onerror?.(new Error('late'))
    channel.onclose?.()
    expect(heard.said).toEqual(['opened', 'closed'])
  })

  it('tells of an end before it ever opened', () => {
    channel.onerror?.(new Error('no path'))
    expect(heard.said).toEqual(['closed'])
  })

  it('that refuses to send is over', async () => {
    channel.open()
    await time().quiet()
    channel.send = () => {
      throw new Error('OperationError')
    }
    link.send(new Uint8Array([1]))
    link.send(new Uint8Array([2]))
    expect(heard.said).toEqual(['opened', 'closed'])
  })

  it('closed by its owner says nothing more and sends nothing', async () => {
    channel.open()
    await time().quiet()
    link.close()
    link.send(new Uint8Array([1]))
    link.close()
    await time().quiet()
    expect(heard.said).toEqual(['opened'])
    expect([channel.sent, far.readyState]).toEqual([[], 'closed'])
  })

  it('says when its buffer has room again', async () => {
    channel.open()
    await time().quiet()
    channel.isStuck = true
    link.send(new Uint8Array(20_000))
    expect(link.bufferedAmount).toBe(20_000)
    channel.release()
    await time().quiet()
    expect([heard.said.at(-1), link.bufferedAmount]).toEqual(['drained', 0])
  })
})

class Heard implements LinkListener {
  readonly said: string[] = []
  opened() {
    this.said.push('opened')
  }
  packet(bytes: Uint8Array) {
    this.said.push(`packet ${bytes}`)
  }
  drained() {
    this.said.push('drained')
  }
  closed() {
    this.said.push('closed')
  }
}

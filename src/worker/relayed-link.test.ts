import { beforeEach, describe, expect, it } from 'vitest'
import { RelayedLink } from './relayed-link.js'

let said: string[]
let posted: number[][]
let link: RelayedLink
beforeEach(() => {
  said = []
  posted = []
  link = new RelayedLink(
    packets => void posted.push(packets.map(({ length }) => length)),
    () => void said.push('hung up'),
    {
      opened: () => void said.push('opened'),
      packet: bytes => {
        said.push(`packet ${bytes}`)
        if (bytes[0] === 0) link.close()
      },
      drained: () => void said.push('drained'),
      closed: () => void said.push('closed'),
    },
  )
})

describe('a relayed channel', () => {
  it('posts the packets of a task in one message', async () => {
    link.opened()
    link.send(new Uint8Array(1))
    link.send(new Uint8Array(2))
    expect(posted).toEqual([])
    await Promise.resolve()
    link.send(new Uint8Array(3))
    await Promise.resolve()
    expect(posted).toEqual([[1, 2], [3]])
  })

  it('holds what was handed over since the page last said what it holds', () => {
    link.opened()
    link.send(new Uint8Array(100))
    link.send(new Uint8Array(50))
    expect(link.bufferedAmount).toBe(150)
    link.buffered(70)
    expect([link.bufferedAmount, said.at(-1)]).toEqual([70, 'drained'])
    link.send(new Uint8Array(5))
    expect(link.bufferedAmount).toBe(75)
  })

  it('is open once, by the page’s word or by the first packets', () => {
    link.packets([new Uint8Array([7]), new Uint8Array([8])])
    link.opened()
    expect(said).toEqual(['opened', 'packet 7', 'packet 8'])
  })

  it('closed by its owner posts what was given, hangs up, and hears no more', () => {
    link.opened()
    link.send(new Uint8Array(4))
    link.close()
    link.send(new Uint8Array(5))
    link.packets([new Uint8Array([1])])
    link.closed()
    expect(posted).toEqual([[4]])
    expect(said).toEqual(['opened', 'hung up'])
  })

  it('hung up in the middle of a batch hears none of the rest', () => {
    link.packets([new Uint8Array([1]), new Uint8Array([0]), new Uint8Array([2])])
    expect(said).toEqual(['opened', 'packet 1', 'packet 0', 'hung up'])
  })

  it('that the page lost says so once and posts nothing more', async () => {
    link.opened()
    link.closed()
    link.closed()
    link.send(new Uint8Array(1))
    link.opened()
    await Promise.resolve()
    expect([said, posted]).toEqual([['opened', 'closed'], []])
  })
})

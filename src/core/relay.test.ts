import { describe, expect, it } from 'vitest'
import { type PeerId, peerIdFromBytes } from './ids.js'
import type { Relay } from './io.js'
import { Random } from './random.js'
import { type RelayOutput, SignalRelay } from './relay.js'

describe('a signal', () => {
  it('goes the way its addressee’s name came, and to the server where none came', () => {
    const relay = relayOf(self)
    expect(ways(relay.send(0, far, BODY, [a, b], 'open'))).toEqual(['server'])
    relay.heardOf(0, far, a)
    expect(ways(relay.send(0, far, BODY, [a, b], 'open'))).toEqual([a])
    expect(ways(relay.send(0, far, BODY, [b], 'open'))).toEqual(['server'])
    expect(ways(relay.send(60_000, far, BODY, [a, b], 'open'))).toEqual(['server'])
  })

  it('takes another way once one left it unanswered, and that neighbor’s word is not taken again', () => {
    const relay = relayOf(self)
    relay.heardOf(0, far, a)
    for (const at of [0, 500]) expect(ways(relay.send(at, far, BODY, [a, b], 'open'))).toEqual([a])
    expect(ways(relay.send(1_000, far, BODY, [a, b], 'open'))).toEqual(['server'])
    relay.heardOf(2_000, far, a)
    expect(ways(relay.send(2_000, far, BODY, [a, b], 'open'))).toEqual(['server'])
    const lost = relayOf(self)
    lost.heardOf(0, far, a)
    lost.send(0, far, BODY, [a, b], 'lost')
    expect(ways(lost.send(1_000, far, BODY, [a, b], 'lost'))).toEqual([a, b])
    lost.heardOf(1_000, far, b)
    expect(ways(lost.send(1_000, far, BODY, [a, b], 'lost'))).toEqual([b])
  })

  it('is not led back by who lost it, and then names one whose id begins alike', () => {
    const relay = relayOf(self)
    relay.heardOf(0, far, a)
    relay.send(0, far, BODY, [a, b], 'open')
    expect(ways(relay.send(1_000, far, BODY, [a, b], 'open'))).toEqual(['server'])
    const bytes = new Uint8Array(32)
    bytes.set([5, ...new Array(30).fill(0), 1])
    relay.heardOf(1_000, peerIdFromBytes(bytes), a)
    expect(ways(relay.send(1_000, far, BODY, [a, b], 'open'))).toEqual(['server'])
  })

  it('goes to the server once that named its addressee, whatever neighbors say for a while', () => {
    const relay = relayOf(self)
    relay.heardOf(0, far, a)
    relay.heardThroughServer(0, far)
    relay.heardOf(1_000, far, a)
    expect(ways(relay.send(1_000, far, BODY, [a, b], 'open'))).toEqual(['server'])
    relay.heardOf(90_000, far, a)
    expect(ways(relay.send(90_000, far, BODY, [a, b], 'open'))).toEqual([a])
  })

  it('goes to whoever named its addressee last, however many did, and however many others are known', () => {
    const relay = relayOf(self)
    const names = Array.from({ length: 600 }, (_, i) => peer(6 + i))
    const neighbors = names.slice(0, 300)
    for (const [i, neighbor] of neighbors.entries()) {
      relay.heardOf(0, far, neighbor)
      expect(ways(relay.send(0, far, BODY, [a, neighbor], 'open')), String(i)).toEqual([neighbor])
    }
    for (const name of names.slice(300)) {
      relay.heardOf(0, name, b)
      expect(ways(relay.send(0, name, BODY, [a, b], 'open')), name).toEqual([b])
      expect(ways(relay.send(0, peer(1_000), BODY, [a, b], 'open'))).toEqual(['server'])
    }
    expect(ways(relay.send(0, names[300]!, BODY, [a, b], 'open')), 'forgotten').toEqual(['server'])
  })

  it('does not take one name for the next', () => {
    const relay = relayOf(self)
    const bytes = new Uint8Array(32)
    bytes.set([5, 0, 0, 0, 0, 0x08])
    const next = peerIdFromBytes(bytes)
    relay.heardOf(0, next, a)
    expect(ways(relay.send(0, far, BODY, [a, b], 'open'))).toEqual(['server'])
    relay.heardOf(0, far, b)
    expect(ways(relay.send(0, next, BODY, [a, b], 'open'))).toEqual([a])
  })

  it('keeps to a way on which its addressee answers', () => {
    const relay = relayOf(self)
    relay.heardOf(0, far, a)
    relay.send(0, far, BODY, [a, b], 'open')
    relay.answered(far)
    expect(ways(relay.send(5_000, far, BODY, [a, b], 'open'))).toEqual([a])
  })

  it('spreads where neither a way nor a server is known, and is unreachable without links', () => {
    const relay = relayOf(self)
    expect(ways(relay.send(0, far, BODY, [a, b], 'lost'))).toEqual([a, b])
    expect(relay.send(0, far, BODY, [], 'lost')).toEqual([{ type: 'unreachable', to: far }])
    relay.serverMissed(0, far)
    expect(ways(relay.send(0, far, BODY, [a, b], 'open'))).toEqual([a, b])
  })
})

describe('a relayed signal', () => {
  it('is passed on once, along the way known, never back over its path', () => {
    const relay = relayOf(self)
    const signal = relayed(far, 8, [a])
    expect(ways(relay.receive(0, a, signal, [a, b, c]))).toEqual([b, c])
    expect(relay.receive(0, c, signal, [a, b, c])).toEqual([])
    relay.heardOf(0, far, c)
    expect(ways(relay.receive(0, a, relayed(far, 8, [a]), [a, b, c]))).toEqual([c])
    expect(ways(relay.receive(0, a, relayed(far, 1, [far, c, a]), [a, b, c]))).toEqual(['count'])
  })

  it('spreads near its sender only; farther off, and without a hop left, it is lost and counted', () => {
    const relay = relayOf(self)
    expect(ways(relay.receive(0, a, relayed(far, 8, [b, a]), [a, b, c]))).toEqual(['count'])
    expect(ways(relay.receive(0, a, relayed(far, 0, [a]), [a, b, c]))).toEqual(['count'])
    expect(ways(relay.receive(0, a, relayed(c, 1, [b, a]), [a, b, c]))).toEqual([c])
  })

  it('is remembered long enough for all that neighbors may send at once, in bounded memory', () => {
    const relay = relayOf(self)
    const first = relayed(far, 8, [a])
    relay.receive(0, a, first, [a, b])
    for (let i = 0; i < 299; i++) relay.receive(0, a, relayed(far, 8, [a]), [a, b])
    expect(relay.receive(0, b, first, [a, b])).toEqual([])
    expect(relay.receive(0, a, relayed(far, 8, [a]), [a, b])).toEqual([
      { type: 'count', counter: 'relay-over-budget' },
    ])
  })

  it('teaches the way back', () => {
    const relay = relayOf(self)
    const [arrived] = relay.receive(0, a, relayed(self, 3, [far, a]), [a, b])
    expect(arrived).toEqual({ type: 'arrived', body: BODY })
    expect(ways(relay.send(0, far, BODY, [a, b], 'open'))).toEqual([a])
  })
})

const [self, a, b, c, far] = [1, 2, 3, 4, 5].map(peer) as [PeerId, PeerId, PeerId, PeerId, PeerId]
const BODY = new Uint8Array([1, 2, 3])
const ids = new Random(9)

function peer(number: number): PeerId {
  const bytes = new Uint8Array(32)
  bytes[0] = number
  bytes[1] = number >> 8
  return peerIdFromBytes(bytes)
}

function relayOf(self: PeerId): SignalRelay {
  return new SignalRelay(self, new Random(1))
}

function relayed(to: PeerId, hopsLeft: number, path: PeerId[]): Relay {
  return { id: ids.bytes(16), to, hopsLeft, path, body: BODY }
}

function ways(outputs: readonly RelayOutput[]): string[] {
  return outputs.map(output => (output.type === 'pass' ? output.to : output.type))
}

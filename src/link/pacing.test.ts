import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PeerId, peerIdFromBytes } from '../core/ids.js'
import { DialPacing, PACING_DEFAULTS, type PacingInput } from './pacing.js'

describe('dials', () => {
  it('run four at a time, the others wait for their turn', () => {
    const pacing = make()
    expect(wantAll(pacing, 7)).toEqual(['start 0', 'start 1', 'start 2', 'start 3'])
    expect(say(pacing, 1, { type: 'opened', peer: peer(2) })).toEqual(['start 4'])
    expect(say(pacing, 2, { type: 'cancel', peer: peer(5) })).toEqual([])
    expect(say(pacing, 3, { type: 'cancel', peer: peer(0) })).toEqual(['start 6'])
  })

  it('wanted twice are begun once', () => {
    const pacing = make()
    wantAll(pacing, 2)
    expect(wantAll(pacing, 2)).toEqual([])
  })

  it('that do not open in ten seconds are tried once more, behind the others, then given up', () => {
    const pacing = make()
    wantAll(pacing, 5)
    for (const n of [1, 2, 3]) say(pacing, 0, { type: 'opened', peer: peer(n) })
    expect(pacing.nextDeadline?.at).toBe(10_000)
    expect(say(pacing, 10_000, { type: 'wake' })).toEqual(['start 0', 'start 4'])
    expect(say(pacing, 20_000, { type: 'wake' })).toEqual(['give-up 0', 'give-up 4'])
    expect(pacing.nextDeadline).toBeUndefined()
  })

  it('that fail are tried once more, then given up', () => {
    const pacing = make()
    expect(wantAll(pacing, 1)).toEqual(['start 0'])
    expect(say(pacing, 1, { type: 'failed', peer: peer(0) })).toEqual(['start 0'])
    expect(pacing.handle(2, { type: 'failed', peer: peer(0) })).toEqual([
      { type: 'give-up', peer: peer(0), reason: 'failed' },
    ])
  })

  it('the other side has begun go out of turn', () => {
    const pacing = make()
    wantAll(pacing, 6)
    expect(say(pacing, 1, { type: 'offered', peer: peer(5) })).toEqual(['start 5'])
    expect(say(pacing, 1, { type: 'offered', peer: peer(5) })).toEqual([])
    expect(say(pacing, 1, { type: 'offered', peer: peer(9) })).toEqual([])
  })

  it('beyond the row are given up at once', () => {
    const pacing = make()
    const said = wantAll(pacing, PACING_DEFAULTS.waitingCapacity + 5)
    expect(said.filter(each => each.startsWith('give-up'))).toEqual(['give-up 260'])
  })

  it('every one of them is opened, cancelled or given up, and never more than four run', () => {
    const step = fc.record({
      type: fc.constantFrom('want', 'opened', 'failed', 'cancel', 'wake'),
      n: fc.nat(12),
      passMs: fc.nat(6000),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), steps => {
        const pacing = make()
        const open = new Set<PeerId>()
        let now = 0
        const put = (each: PacingInput) => {
          for (const output of pacing.handle(now, each)) {
            if (output.type === 'give-up') open.delete(output.peer)
          }
          const { running, waiting } = pacing.snapshot()
          expect(running.length).toBeLessThanOrEqual(4)
          expect(waiting.length === 0 || running.length === 4).toBe(true)
          expect(new Set([...running, ...waiting])).toEqual(open)
        }
        for (const { type, n, passMs } of steps) {
          now += passMs
          if (type === 'want') open.add(peer(n))
          if (type === 'opened' || type === 'cancel') open.delete(peer(n))
          put(type === 'wake' ? { type } : ({ type, peer: peer(n) } as PacingInput))
        }
        for (let at = pacing.nextDeadline?.at; at !== undefined; at = pacing.nextDeadline?.at) {
          now = Math.max(now, at)
          put({ type: 'wake' })
        }
        expect(open.size).toBe(0)
      }),
      { seed: 3, numRuns: 300 },
    )
  })
})

function make(): DialPacing {
  return new DialPacing(PACING_DEFAULTS)
}

function wantAll(pacing: DialPacing, count: number): string[] {
  return Array.from({ length: count }, (_, n) =>
    say(pacing, 0, { type: 'want', peer: peer(n) }),
  ).flat()
}

function say(pacing: DialPacing, now: number, input: PacingInput): string[] {
  return pacing.handle(now, input).map(({ type, peer: id }) => `${type} ${PEERS.indexOf(id)}`)
}

function peer(n: number): PeerId {
  return PEERS[n]!
}

const PEERS = Array.from({ length: 300 }, (_, n) => {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, n)
  return peerIdFromBytes(bytes)
})

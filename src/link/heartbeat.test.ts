import { describe, expect, it } from 'vitest'
import { Random } from '../core/random.js'
import { LINK_DEFAULTS } from './config.js'
import { LinkMachine } from './link.js'
import { Pipe } from './pipe.suite.js'

const { pingIntervalMs, suspectAfterMs, deadAfterMs } = LINK_DEFAULTS
const SECOND = 1000

describe('an idle link', () => {
  it.each([0, 5, 20, 200])('is pinged by one side, about once a second, %d ms apart', delayMs => {
    for (let seed = 1; seed <= 20; seed++) {
      const pipe = new Pipe({ delayMs, seed })
      pipe.run(60 * SECOND)
      for (const end of [pipe.a, pipe.b]) {
        expect(end.said.filter(each => each !== 'rtt')).toEqual([])
        // A ping or an answer a second, and what the two said until chance parted them.
        expect(end.written.length).toBeGreaterThanOrEqual(45)
        expect(end.written.length).toBeLessThanOrEqual(80)
      }
    }
  })

  it('is measured from both sides, though one pings', () => {
    const pipe = new Pipe({ delayMs: 20 })
    const asked = (end: Pipe['a']) => end.written.filter(packet => (packet[0]! & 15) === 3).length
    pipe.run(60 * SECOND)
    for (const end of [pipe.a, pipe.b]) expect(asked(end)).toBeGreaterThanOrEqual(10)
  })

  it('is woken no more than once a second, for each ring costs more than what it looks at', () => {
    const pipe = new Pipe({ delayMs: 20 })
    pipe.run(60 * SECOND)
    expect(pipe.a.rings).toBeLessThanOrEqual(60)
    expect(pipe.b.rings).toBeLessThanOrEqual(60)
  })

  it('measures its round trip, and tells it only when it changed', () => {
    const pipe = new Pipe({ delayMs: 20 })
    pipe.run(60 * SECOND)
    expect(pipe.a.outputs).toContainEqual({ type: 'rtt', rttMs: 40 })
    expect(pipe.a.said).toEqual(['rtt'])
  })

  it('measures also a round trip longer than the pause between pings', () => {
    const pipe = new Pipe({ delayMs: 900 })
    pipe.run(20 * SECOND)
    expect(pipe.a.machine.snapshot().rttMs).toBe(1800)
  })
})

describe('a busy link', () => {
  it('is pinged only to measure', () => {
    const pipe = new Pipe()
    pipe.run(500)
    const before = pipe.b.written.length
    for (let n = 0; n < 200; n++) {
      pipe.put(pipe.a, { type: 'frame', class: 'live', bytes: new Uint8Array(50) })
      pipe.run(50)
    }
    const answers = pipe.b.written.slice(before).filter(packet => (packet[0]! & 15) === 7)
    expect(answers.length).toBe(2)
  })
})

describe('smoothing', () => {
  it('follows a change by an eighth of the difference with each answer (RFC 6298)', () => {
    const machine = new LinkMachine(LINK_DEFAULTS, new Random(1))
    machine.handle(0, { type: 'opened' })
    const told = [100, 100, 200].map((delayMs, n) => {
      const at = n * 10 * SECOND
      const writes = n === 0 ? machine.handle(0, { type: 'flush' }) : wake(machine, at)
      return machine.handle(at + delayMs, { type: 'packet', bytes: answerTo(writes) })
    })
    expect(told).toEqual([[{ type: 'rtt', rttMs: 100 }], [], [{ type: 'rtt', rttMs: 112.5 }]])
  })

  it('passes over an answer that nobody waits for', () => {
    const machine = new LinkMachine(LINK_DEFAULTS, new Random(1))
    machine.handle(0, { type: 'opened' })
    const packet = answerTo(machine.handle(0, { type: 'flush' }))
    expect(machine.handle(30, { type: 'packet', bytes: packet })).toHaveLength(1)
    expect(machine.handle(90, { type: 'packet', bytes: packet })).toEqual([])
    expect(machine.snapshot().rttMs).toBe(30)
  })

  function wake(machine: LinkMachine, at: number) {
    machine.handle(at, { type: 'packet', bytes: new Uint8Array(0) })
    return machine.handle(at, { type: 'wake' })
  }
})

describe('silence', () => {
  it('makes a link suspect after 2.5 s, and dead after as long again', () => {
    const pipe = new Pipe()
    pipe.run(10 * SECOND)
    pipe.b.cut = true
    const lastHeardAt = pipe.a.machine.snapshot().lastHeardAt
    pipe.run(lastHeardAt + suspectAfterMs + pingIntervalMs - pipe.now)
    expect(pipe.a.said).toEqual(['rtt', 'suspect'])
    pipe.run(deadAfterMs)
    expect(pipe.a.said).toEqual(['rtt', 'suspect', 'dead'])
    expect(pipe.a.outputs).toContainEqual({ type: 'dead', reason: 'silent' })
    expect(pipe.a.machine.nextDeadline).toBeUndefined()
  })

  it('is over with the first packet of any kind', () => {
    const pipe = new Pipe()
    pipe.run(SECOND)
    pipe.b.cut = true
    pipe.run(4 * SECOND)
    pipe.b.cut = false
    pipe.put(pipe.b, { type: 'frame', class: 'history', bytes: Uint8Array.of(1) })
    pipe.run(20 * SECOND)
    expect(pipe.a.said).toEqual(['rtt', 'suspect', 'recovered'])
  })

  it('is suspected at once where ICE lost the path, and a ping goes out', () => {
    const pipe = new Pipe()
    pipe.run(SECOND)
    pipe.b.cut = true
    const outputs = pipe.put(pipe.a, { type: 'interrupted' })
    expect(outputs.map(each => each.type)).toEqual(['suspect', 'write'])
    expect(pipe.put(pipe.a, { type: 'interrupted' }).map(each => each.type)).toEqual(['write'])
    pipe.run(deadAfterMs)
    expect(pipe.a.said).toEqual(['rtt', 'suspect', 'dead'])
  })

  it('does not begin before the link is open, and is over with it', () => {
    const pipe = new Pipe({ open: false })
    expect(pipe.a.machine.nextDeadline).toBeUndefined()
    pipe.put(pipe.a, { type: 'wake' })
    for (const end of [pipe.a, pipe.b]) pipe.put(end, { type: 'opened' })
    pipe.run(SECOND)
    pipe.b.cut = true
    pipe.put(pipe.a, { type: 'close' })
    pipe.run(30 * SECOND)
    pipe.put(pipe.a, { type: 'wake' })
    expect(pipe.a.said).toEqual(['rtt', 'drained'])
  })

  it('does not kill a link of which both sides hear that ICE lost its path, though nobody flushes', () => {
    const pipe = new Pipe()
    pipe.run(10_300)
    for (const { machine } of [pipe.a, pipe.b]) machine.handle(pipe.now, { type: 'interrupted' })
    pipe.run(10 * SECOND)
    expect(pipe.a.said).toEqual(['rtt', 'recovered'])
    expect(pipe.b.said).toEqual(['rtt', 'recovered'])
  })

  it('tries again each second to write a ping for which there was no room', () => {
    const pipe = new Pipe({ config: { highWaterBytes: 0 } })
    pipe.run(2_400)
    expect(pipe.a.rings).toBe(2)
    expect(pipe.a.said).toEqual([])
  })
})

describe('a late wake', () => {
  it('of less than a second is none, also of who rests after an answer', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const machine = new LinkMachine(LINK_DEFAULTS, new Random(seed))
      const said: Record<string, number> = {}
      const take = (at: number, outputs: readonly { type: string }[]) => {
        for (const { type } of outputs) said[type] ??= at
      }
      machine.handle(0, { type: 'opened' })
      machine.handle(0, { type: 'flush' })
      // A ping, which is answered; then nothing comes, and each ring is 0.9 s late.
      machine.handle(10, { type: 'packet', bytes: Uint8Array.of(1 * 16 + 3, 7) })
      machine.handle(10, { type: 'flush' })
      for (let rings = 0; rings < 20; rings++) {
        const next = machine.nextDeadline
        if (next === undefined) break
        take(next.at + 900, machine.handle(next.at + 900, { type: 'wake' }))
        machine.handle(next.at + 900, { type: 'flush' })
      }
      expect(said['suspect']).toBeLessThanOrEqual(10 + suspectAfterMs + 900)
      expect(said['dead']).toBeLessThanOrEqual(10 + suspectAfterMs + 900 + deadAfterMs + 900)
    }
  })

  it('says nothing about the peer: it is pinged and has its time anew', () => {
    const machine = quiet()
    const outputs = machine.handle(60 * SECOND, { type: 'wake' })
    expect(outputs.map(each => each.type)).toEqual(['write'])
    expect(machine.nextDeadline!.at).toBeGreaterThan(60 * SECOND)
    machine.handle(60_100, { type: 'packet', bytes: answerTo(outputs) })
    for (let at = 60_500; at < 62_600; at += 500) {
      expect(machine.handle(at, { type: 'wake' }).map(each => each.type)).not.toContain('suspect')
    }
  })

  it('is forgiven once: a peer that stays silent is suspect with the next, and dead with the one after', () => {
    const machine = quiet()
    const said = [60, 120, 180, 240].map(at =>
      machine
        .handle(at * SECOND, { type: 'wake' })
        .map(each => each.type)
        .filter(type => type !== 'write'),
    )
    expect(said).toEqual([[], ['suspect'], ['dead'], []])
  })

  it('of somebody who slept for two seconds after a suspicion kills nobody', () => {
    const machine = quiet()
    const at = (ms: number) => machine.handle(ms, { type: 'wake' }).map(each => each.type)
    for (const ms of [1000, 2000]) at(ms)
    expect(at(2500)).toContain('suspect')
    expect(at(5100)).not.toContain('dead')
    for (const ms of [6000, 7000]) at(ms)
    expect(at(7600)).toContain('dead')
  })

  it('is noticed also by what is sent before it, and just before the silence is too long', () => {
    const frame = { type: 'frame', class: 'live', bytes: new Uint8Array(9) } as const
    for (const input of [frame, { type: 'interrupted' } as const]) {
      const machine = quiet()
      const at = (ms: number) => machine.handle(ms, { type: 'wake' }).map(each => each.type)
      for (const ms of [1000, 2000]) at(ms)
      expect(at(2500)).toContain('suspect')
      machine.handle(62_000, input)
      machine.handle(62_000, { type: 'flush' })
      expect(at(62_001)).not.toContain('dead')
    }
    const machine = quiet()
    machine.handle(2490, { type: 'wake' })
    expect(machine.handle(2500, { type: 'wake' })).toEqual([])
  })

  it('that measured our own sleep tells no round trip', () => {
    const machine = new LinkMachine(LINK_DEFAULTS, new Random(1))
    machine.handle(0, { type: 'opened' })
    const packet = answerTo(machine.handle(0, { type: 'flush' }))
    expect(machine.handle(60 * SECOND, { type: 'packet', bytes: packet })).toEqual([])
    expect(machine.snapshot().rttMs).toBeUndefined()
  })

  /** Open, heard from at 0, its first ping written. */
  function quiet(): LinkMachine {
    const machine = new LinkMachine(LINK_DEFAULTS, new Random(1))
    machine.handle(0, { type: 'opened' })
    machine.handle(0, { type: 'flush' })
    return machine
  }
})

/** The packet that answers the ping in the packet just written. */
function answerTo(outputs: readonly { type: string; packet?: Uint8Array }[]): Uint8Array {
  const { packet } = outputs.find(each => each.type === 'write')!
  return Uint8Array.of(packet![0]! + 4, ...packet!.subarray(1))
}

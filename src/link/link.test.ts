// Long, and one file: the laws of one machine.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FrameClass } from '../core/io.js'
import { Random } from '../core/random.js'
import { LARGEST_CONTROL_FRAME_BYTES, LARGEST_PACKET_BYTES } from '../wire/limits.js'
import { LINK_DEFAULTS } from './config.js'
import { type LinkInput, LinkMachine } from './link.js'
import { Pipe } from './pipe.suite.js'

describe('frames on a link', () => {
  it('arrive whole, once and in order within their class, whatever their sizes and the channel’s moods', () => {
    const size = fc.oneof(fc.integer({ min: 6, max: 300 }), fc.integer({ min: 6, max: 60_000 }))
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ of: fc.constantFrom(...CLASSES), size }) },
      { weight: 1, arbitrary: fc.constantFrom('stick' as const, 'release' as const) },
      { weight: 2, arbitrary: fc.record({ passMs: fc.integer({ min: 1, max: 400 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
        const pipe = new Pipe({ seed, config: { suspectAfterMs: 60_000 } })
        const sent: Record<FrameClass, Uint8Array[]> = { control: [], live: [], history: [] }
        for (const each of steps) {
          if (each === 'stick') pipe.a.stuck = true
          else if (each === 'release') pipe.a.release(pipe.now)
          else if ('passMs' in each) pipe.run(each.passMs)
          else {
            const length = each.of === 'control' ? Math.min(each.size, 32_768) : each.size
            const bytes = frame(each.of, sent[each.of].length, length)
            sent[each.of].push(bytes)
            pipe.put(pipe.a, { type: 'frame', class: each.of, bytes })
          }
        }
        pipe.a.release(pipe.now)
        pipe.run(100)
        for (const of of CLASSES) {
          const got = pipe.b.delivered.filter(each => each[0] === CLASSES.indexOf(of))
          expect(got.map(String)).toEqual(sent[of].map(String))
        }
        for (const packet of pipe.a.written) {
          expect(packet.length).toBeLessThanOrEqual(LARGEST_PACKET_BYTES)
        }
        expect(pipe.b.said).not.toContain('misbehaved')
      }),
      { seed: 7, numRuns: 150 },
    )
  })

  it('of one task share a packet', () => {
    const pipe = new Pipe()
    pipe.run(50)
    const before = pipe.a.written.length
    const inputs = Array.from({ length: 100 }, (_, n) => input('live', n, 100))
    pipe.put(pipe.a, ...inputs)
    expect(pipe.a.written.length - before).toBe(1)
  })

  it('that fit into a packet are not cut: a 16 KiB payload goes whole', () => {
    const pipe = new Pipe()
    pipe.run(50)
    const before = pipe.a.written.length
    pipe.put(pipe.a, ...Array.from({ length: 10 }, (_, n) => input('live', n, 16_384 + 130)))
    const lengths = pipe.a.written.slice(before).map(packet => packet.length)
    expect(lengths).toEqual(new Array(10).fill(16_384 + 130 + 3))
  })

  it('that do not are cut so that packets are full', () => {
    const pipe = new Pipe()
    pipe.run(50)
    const before = pipe.a.written.length
    pipe.put(pipe.a, ...Array.from({ length: 4 }, (_, n) => input('live', n, 40_000)))
    const lengths = pipe.a.written.slice(before).map(packet => packet.length)
    expect(lengths).toHaveLength(5)
    for (const length of lengths.slice(0, -1))
      expect(length).toBeGreaterThan(LARGEST_PACKET_BYTES - 70)
  })

  it('of control overtake live ones, also between the fragments of one', () => {
    const pipe = new Pipe({ config: { highWaterBytes: 1 } })
    pipe.run(50)
    pipe.a.stuck = true
    pipe.put(pipe.a, input('live', 0, 60_000))
    pipe.put(pipe.a, input('control', 0, 100), input('control', 1, 100))
    pipe.a.release(pipe.now)
    pipe.run(50)
    expect(pipe.b.delivered.map(each => [each[0], each.length])).toEqual([
      [0, 100],
      [0, 100],
      [1, 60_000],
    ])
  })

  it('of history wait until no live frame does', () => {
    const pipe = new Pipe({ open: false })
    pipe.put(pipe.a, input('history', 0, 50), input('live', 0, 50), input('control', 0, 50))
    for (const end of [pipe.a, pipe.b]) pipe.put(end, { type: 'opened' })
    pipe.run(50)
    expect(pipe.b.delivered.map(each => each[0])).toEqual([0, 1, 2])
  })

  it('wait for the channel to open', () => {
    const pipe = new Pipe({ open: false })
    pipe.put(pipe.a, input('live', 0, 20_000))
    expect(pipe.a.written).toHaveLength(0)
    pipe.put(pipe.a, { type: 'opened' })
    expect(pipe.a.written.length).toBeGreaterThan(0)
  })

  it('that the peer would not take are the caller’s error', () => {
    const { a } = new Pipe()
    const put = (length: number) => () => a.machine.handle(0, input('control', 0, length))
    expect(put(LARGEST_CONTROL_FRAME_BYTES + 1)).toThrow(RangeError)
    const empty: LinkInput = { type: 'frame', class: 'live', bytes: new Uint8Array(0) }
    expect(() => a.machine.handle(0, empty)).toThrow(RangeError)
  })
})

describe('the channel', () => {
  it('is given nothing above the high water, and is filled again when it falls low', () => {
    const pipe = new Pipe({ config: { highWaterBytes: 64 << 10 } })
    pipe.run(50)
    pipe.a.stuck = true
    pipe.put(pipe.a, ...Array.from({ length: 20 }, (_, n) => input('live', n, 16_000)))
    const { bufferedBytes } = pipe.a.machine.snapshot()
    expect(bufferedBytes).toBeGreaterThanOrEqual(64 << 10)
    expect(bufferedBytes - pipe.a.written.at(-1)!.length).toBeLessThan(64 << 10)
    pipe.a.release(pipe.now)
    pipe.run(50)
    expect(pipe.b.delivered).toHaveLength(20)
  })

  it('holds no more than 48 KiB of history, so that a live frame said then is not far behind', () => {
    const pipe = new Pipe()
    pipe.run(50)
    pipe.a.stuck = true
    pipe.put(pipe.a, ...Array.from({ length: 20 }, (_, n) => input('history', n, 16_000)))
    const { machine } = pipe.a
    expect(machine.snapshot().bufferedBytes).toBeGreaterThanOrEqual(32 << 10)
    expect(machine.snapshot().bufferedBytes).toBeLessThanOrEqual(48 << 10)
    const before = machine.snapshot().bufferedBytes
    pipe.put(pipe.a, input('live', 99, 100), input('control', 98, 100))
    expect(machine.snapshot().bufferedBytes - before).toBeGreaterThan(200)
    expect(machine.snapshot().queued).toMatchObject({ live: { frames: 0 }, control: { frames: 0 } })
    pipe.a.release(pipe.now)
    pipe.run(50)
    // What is said before the live frame has left in part.
    const order = pipe.b.delivered.map(numberOf)
    expect(order.filter(n => n < 90)).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(order.indexOf(98)).toBeLessThan(order.indexOf(99))
    expect(order.indexOf(99)).toBeLessThan(6)
  })

  it('that falls low in the middle of a task gets no half-empty packets', () => {
    const pipe = new Pipe()
    pipe.run(50)
    const { machine } = pipe.a
    const inputs = Array.from({ length: 64 }, (_, n) => input('live', n, 1000))
    const writes = inputs.flatMap(each => [
      ...machine.handle(pipe.now, each),
      ...machine.handle(pipe.now, { type: 'buffered', amount: 0 }),
    ])
    const lengths = writes.flatMap(each => (each.type === 'write' ? [each.packet.length] : []))
    expect(lengths.length).toBe(1)
    for (const length of lengths) expect(length).toBeGreaterThan(LARGEST_PACKET_BYTES - 1_003)
  })
})

describe('a full queue', () => {
  const small = { ...LINK_DEFAULTS.queues, live: { bytes: 1000, frames: 5 } }

  it('of live frames drops the oldest and counts them', () => {
    const pipe = new Pipe({ config: { highWaterBytes: 0, queues: small } })
    for (let n = 0; n < 8; n++) pipe.put(pipe.a, input('live', n, 100))
    expect(counted(pipe.a.outputs)).toEqual({ 'link-live-dropped': 3 })
    const { machine } = pipe.a
    expect(machine.snapshot()).toMatchObject({ queued: { live: { frames: 5 } } })
  })

  it('never drops a frame that has left in part', () => {
    const queues = { ...LINK_DEFAULTS.queues, live: { bytes: 40_000, frames: 3 } }
    const pipe = new Pipe({ config: { highWaterBytes: 1, queues } })
    pipe.run(50)
    pipe.a.stuck = true
    for (let n = 0; n < 10; n++) pipe.put(pipe.a, input('live', n, n === 0 ? 35_000 : 100))
    pipe.a.release(pipe.now)
    pipe.run(50)
    expect(pipe.b.delivered.map(numberOf)).toEqual([0, 8, 9])
    expect(counted(pipe.a.outputs)).toEqual({ 'link-live-dropped': 7 })
  })

  it('of history refuses the newest and counts it', () => {
    const queues = { ...LINK_DEFAULTS.queues, history: { bytes: 1000, frames: 2 } }
    const pipe = new Pipe({ config: { highWaterBytes: 0, queues } })
    for (let n = 0; n < 3; n++) pipe.put(pipe.a, input('history', n, 100))
    expect(counted(pipe.a.outputs)).toEqual({ 'link-history-dropped': 1 })
    expect(pipe.a.machine.snapshot().queued.history.frames).toBe(2)
  })

  it('of control ends the link', () => {
    const queues = { ...LINK_DEFAULTS.queues, control: { bytes: 1000, frames: 2 } }
    const pipe = new Pipe({ config: { highWaterBytes: 0, queues } })
    for (let n = 0; n < 4; n++) pipe.put(pipe.a, input('control', n, 100))
    expect(pipe.a.said).toEqual(['count', 'congested', 'count', 'dead'])
    expect(pipe.a.outputs).toContainEqual({ type: 'dead', reason: 'failed' })
    expect(pipe.a.machine.nextDeadline).toBeUndefined()
  })

  it('that stays full for two seconds is congestion', () => {
    const pipe = new Pipe({ config: { queues: small } })
    pipe.run(50)
    pipe.a.stuck = true
    fill(pipe)
    pipe.run(1900)
    expect(pipe.a.said).not.toContain('congested')
    pipe.run(200)
    expect(pipe.a.said).toContain('congested')
  })

  it('is told of after the packets of the same wake, which a caller’s next words must not overtake', () => {
    const { machine } = new Pipe({ config: { queues: small } }).a
    const now = 1_000_000
    machine.handle(now, { type: 'buffered', amount: LINK_DEFAULTS.highWaterBytes })
    for (let n = 0; n < 8; n++) machine.handle(now, input('live', n, 100))
    // Room in the channel, and no flush before the wake.
    machine.handle(now, { type: 'buffered', amount: 0 })
    const outputs = machine.handle(now + 2000, { type: 'wake' })
    expect(outputs.map(each => each.type)).toEqual(['write', 'congested'])
  })

  it('that is half empty again in time is not', () => {
    const pipe = new Pipe({ config: { queues: small } })
    pipe.run(50)
    pipe.a.stuck = true
    fill(pipe)
    pipe.run(1000)
    pipe.a.release(pipe.now)
    pipe.run(3000)
    expect(pipe.a.said).not.toContain('congested')
  })

  /** The channel first, then the queue. */
  function fill(pipe: Pipe): void {
    const { highWaterBytes } = LINK_DEFAULTS
    pipe.put(pipe.a, { type: 'buffered', amount: highWaterBytes })
    for (let n = 0; n < 8; n++) {
      pipe.a.machine.handle(pipe.now, { type: 'buffered', amount: highWaterBytes })
      pipe.put(pipe.a, input('live', n, 100))
    }
    expect(counted(pipe.a.outputs)).toEqual({ 'link-live-dropped': 3 })
  }
})

describe('a peer', () => {
  it('that sends what is no packet is blamed and loses the link', () => {
    for (const [packet, reason] of BROKEN) {
      const machine = new LinkMachine(LINK_DEFAULTS, new Random(1))
      machine.handle(0, { type: 'opened' })
      const outputs = machine.handle(1, { type: 'packet', bytes: packet })
      expect(outputs).toEqual([
        { type: 'misbehaved', reason },
        { type: 'dead', reason: 'blamed' },
      ])
      expect(machine.handle(2, { type: 'packet', bytes: packet })).toEqual([])
    }
  })

  it('that goes on with fragments beyond the largest frame is blamed, and no more is kept', () => {
    const machine = new LinkMachine(LINK_DEFAULTS, new Random(1))
    machine.handle(0, { type: 'opened' })
    const said: string[] = []
    for (let n = 0; n < 3 && !said.includes('misbehaved'); n++) {
      const packet = record(n === 0 ? FIRST_CONTROL : MIDDLE_CONTROL, 16_000)
      said.push(...machine.handle(n, { type: 'packet', bytes: packet }).map(each => each.type))
      expect(machine.snapshot().rejoiningBytes).toBeLessThanOrEqual(LARGEST_CONTROL_FRAME_BYTES)
    }
    expect(said).toEqual(['misbehaved', 'dead'])
  })

  it('that pings a thousand times at once is answered once', () => {
    const pipe = new Pipe()
    pipe.run(50)
    const ping = Uint8Array.of(1 * 16 + 3, 9)
    const packet = new Uint8Array(2000)
    for (let at = 0; at < 2000; at += 2) packet.set(ping, at)
    const outputs = pipe.put(pipe.a, { type: 'packet', bytes: packet })
    expect(outputs).toMatchObject([{ type: 'write', packet: { length: 2 } }])
  })

  it('may say more in a ping than its number', () => {
    const pipe = new Pipe()
    pipe.run(50)
    const packet = Uint8Array.of(5 * 16 + 3, 9, 1, 2, 3, 4)
    const outputs = pipe.put(pipe.a, { type: 'packet', bytes: packet })
    expect(outputs).toEqual([{ type: 'write', packet: Uint8Array.of(1 * 16 + 7, 9) }])
  })
})

describe('close', () => {
  it('lets what is queued arrive, then says so, and takes nothing more', () => {
    const pipe = new Pipe()
    pipe.a.stuck = true
    pipe.put(pipe.a, input('control', 0, 100), { type: 'close' })
    pipe.put(pipe.a, input('control', 1, 100))
    expect(pipe.a.said).toEqual(['count'])
    pipe.a.release(pipe.now)
    expect(pipe.a.said).toEqual(['count'])
    pipe.run(10)
    expect(pipe.b.delivered.map(numberOf)).toEqual([0])
    expect(pipe.a.said).toEqual(['count'])
    pipe.run(10)
    expect(pipe.a.said).toEqual(['count', 'rtt', 'drained'])
    expect(pipe.a.machine.nextDeadline).toBeUndefined()
  })

  it('does not take the answer to an earlier ping for that, and still hears what comes with the right one', () => {
    const pipe = new Pipe({ delayMs: 400 })
    pipe.run(300)
    pipe.put(pipe.a, input('live', 0, 100), { type: 'close' })
    pipe.run(300)
    // Leaves with the next packet, which is the answer.
    pipe.b.machine.handle(pipe.now, input('live', 7, 100))
    pipe.run(200)
    expect(pipe.b.delivered.map(numberOf)).toEqual([0])
    expect(pipe.a.said).toEqual([])
    pipe.run(300)
    expect(pipe.a.said).toEqual(['rtt', 'drained'])
    expect(pipe.a.delivered.map(numberOf)).toEqual([7])
    expect(pipe.a.outputs.at(-1)).toEqual({ type: 'drained' })
  })

  it('waits a second at most for a peer that says nothing any more', () => {
    const pipe = new Pipe()
    pipe.run(500)
    pipe.b.cut = true
    pipe.put(pipe.a, { type: 'close' })
    pipe.run(999)
    expect(pipe.a.said).toEqual(['rtt'])
    pipe.run(2)
    expect(pipe.a.said).toEqual(['rtt', 'drained'])
    expect(counted(pipe.a.outputs)).toEqual({})
  })

  it('waits a second at most, and counts what stayed', () => {
    const pipe = new Pipe({ config: { highWaterBytes: 0 } })
    pipe.put(pipe.a, input('control', 0, 100), { type: 'close' })
    pipe.run(1001)
    expect(counted(pipe.a.outputs)).toEqual({ 'link-undelivered': 1 })
    expect(pipe.a.said).toContain('drained')
  })
})

function input(of: FrameClass, number: number, length: number): LinkInput {
  return { type: 'frame', class: of, bytes: frame(of, number, length) }
}

/** A frame that says its class and number and is its own check. */
function frame(of: FrameClass, number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (number * 31 + i * 7) & 255
  bytes[0] = CLASSES.indexOf(of)
  new DataView(bytes.buffer).setUint32(1, number)
  return bytes
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
}

/** A packet of one record with `length` bytes. */
function record(kind: number, length: number): Uint8Array {
  const head: number[] = []
  let value = length * 16 + kind
  for (; value >= 128; value = Math.floor(value / 128)) head.push((value % 128) | 128)
  return Uint8Array.of(...head, value, ...new Uint8Array(length))
}

function counted(outputs: readonly { type: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const each of outputs as readonly { type: string; counter?: string; by?: number }[]) {
    if (each.type === 'count') counts[each.counter!] = (counts[each.counter!] ?? 0) + each.by!
  }
  return counts
}

const CLASSES: readonly FrameClass[] = ['control', 'live', 'history']
const FIRST_CONTROL = 4
const MIDDLE_CONTROL = 8
const LAST_LIVE = 13

const BROKEN: [Uint8Array, string][] = [
  // Longer than any packet.
  [new Uint8Array(LARGEST_PACKET_BYTES + 1), 'limit-exceeded'],
  // A record of no bytes.
  [Uint8Array.of(0), 'malformed-frame'],
  // A record that ends after the packet does.
  [record(0, 9).subarray(0, 5), 'malformed-frame'],
  [Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), 'malformed-frame'],
  // A length not in its shortest form.
  [Uint8Array.of(0x90, 0x00, 1), 'malformed-frame'],
  // The end of a frame that never began.
  [record(LAST_LIVE, 3), 'malformed-frame'],
  // A second beginning before the first has ended.
  [Uint8Array.of(...record(FIRST_CONTROL, 3), ...record(FIRST_CONTROL, 3)), 'malformed-frame'],
  // A whole frame amid the fragments of one of its class.
  [Uint8Array.of(...record(FIRST_CONTROL, 3), ...record(0, 3)), 'malformed-frame'],
  // A kind that does not exist.
  [record(11, 3), 'malformed-frame'],
  // A ping with more than its room.
  [record(3, 73), 'limit-exceeded'],
  // A ping without a number.
  [record(3, 1).fill(0xff, 1), 'malformed-frame'],
]

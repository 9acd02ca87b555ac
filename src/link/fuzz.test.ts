import { expect, it } from 'vitest'
import { Random } from '../core/random.js'
import { FrameDecoder } from '../wire/decoder.js'
import {
  LARGEST_CONTROL_FRAME_BYTES,
  LARGEST_FRAME_BYTES,
  LARGEST_PACKET_BYTES,
} from '../wire/limits.js'
import { goldenFrames, mutate } from '../wire/mutants.suite.js'
import { LINK_DEFAULTS } from './config.js'
import { LinkMachine } from './link.js'
import { putHead } from './records.js'

const SEED = Number(process.env['SEED'] ?? 1)
const PACKETS = 100_000
/** A packet takes microseconds; what takes this long hangs, also on a machine that is busy elsewhere. */
const LONGEST_MS = 1000
const MOST_HELD_BYTES = LARGEST_CONTROL_FRAME_BYTES + 2 * LARGEST_FRAME_BYTES

it(`100,000 mutant packets neither throw nor hang nor fill the memory (SEED=${SEED})`, () => {
  const random = new Random(SEED)
  const golden = goldenFrames()
  let machine = open()
  let decoder = new FrameDecoder()
  let blamed = 0
  let delivered = 0
  let longestMs = 0
  let mostHeldBytes = 0
  for (let n = 0; n < PACKETS; n++) {
    const frames = Array.from({ length: 1 + random.below(3) }, () => random.pick(golden)!)
    const packet = packetOf(
      random,
      frames.map(({ frame }) => (random.below(2) === 0 ? frame : mutate(random, frame, frame))),
    )
    const mutant = random.below(2) === 0 ? packet : mutate(random, packet, packet)
    const begin = performance.now()
    try {
      for (const output of machine.handle(n, { type: 'packet', bytes: mutant })) {
        if (output.type === 'misbehaved') blamed++
        if (output.type !== 'deliver') continue
        delivered++
        decoder.decode(output.frame)
      }
      for (const output of machine.handle(n, { type: 'flush' })) {
        if (output.type === 'write') machine.handle(n, { type: 'buffered', amount: 0 })
      }
    } catch (cause) {
      throw new Error(`SEED=${SEED}, packet ${n}: ${Buffer.from(mutant).toString('hex')}`, {
        cause,
      })
    }
    longestMs = Math.max(longestMs, performance.now() - begin)
    const { state, rejoiningBytes } = machine.snapshot()
    mostHeldBytes = Math.max(mostHeldBytes, rejoiningBytes)
    if (state === 'ended') {
      machine = open()
      decoder = new FrameDecoder()
    }
  }
  expect(longestMs).toBeLessThan(LONGEST_MS)
  expect(mostHeldBytes).toBeLessThanOrEqual(MOST_HELD_BYTES)
  expect(blamed).toBeGreaterThan(PACKETS / 10)
  expect(delivered).toBeGreaterThan(PACKETS / 10)
}, 120_000)

function open(): LinkMachine {
  const machine = new LinkMachine(LINK_DEFAULTS, new Random(SEED))
  machine.handle(0, { type: 'opened' })
  return machine
}

/** Records of any kind, with these bytes in them. */
function packetOf(random: Random, contents: readonly Uint8Array[]): Uint8Array {
  const packet = new Uint8Array(LARGEST_PACKET_BYTES / 4)
  let at = 0
  for (const bytes of contents) {
    // Mostly whole frames, sometimes fragments and probes.
    const kind = random.below(4) > 0 ? random.below(3) : random.below(16)
    at = putHead(packet, at, kind, bytes.length)
    packet.set(bytes, at)
    at += bytes.length
  }
  return packet.slice(0, at)
}

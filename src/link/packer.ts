// Packets from queues: control first, and no frame cut that fits into one.
import type { FrameClass } from '../core/io.js'
import { LARGEST_PACKET_BYTES } from '../wire/limits.js'
import type { LinkConfig } from './config.js'
import { FrameQueue } from './queue.js'
import { CLASSES, frameKind, headLength, type Part, putHead } from './records.js'

/** A record of the link itself, to lead the next packet. */
export interface OwnRecord {
  kind: number
  bytes: Uint8Array
}

export class Packer {
  readonly queues: Record<FrameClass, FrameQueue>
  /** What waits in all queues: kept here, for it is asked for at every turn. */
  #bytes = 0
  #frames = 0

  constructor(limits: LinkConfig['queues']) {
    this.queues = {
      control: new FrameQueue(limits.control),
      live: new FrameQueue(limits.live),
      history: new FrameQueue(limits.history),
    }
  }

  /** What waits; of history too, or not. */
  bytes(withHistory: boolean): number {
    return withHistory ? this.#bytes : this.#bytes - this.queues.history.bytes
  }

  frames(withHistory: boolean): number {
    return withHistory ? this.#frames : this.#frames - this.queues.history.length
  }

  push(of: FrameClass, frame: Uint8Array): void {
    this.queues[of].push(frame)
    this.#bytes += frame.length
    this.#frames++
  }

  /** Drops the oldest frame of a class that is not under way. False where there is none. */
  dropOldest(of: FrameClass): boolean {
    const dropped = this.queues[of].dropOldest()
    if (dropped === undefined) return false
    this.#bytes -= dropped.length
    this.#frames--
    return true
  }

  clear(): void {
    for (const of of CLASSES) this.queues[of].clear()
    this.#bytes = this.#frames = 0
  }

  /**
   * The next packet, of at most 32 KiB; `own` records, which must fit, come first. Copies each byte once. Packets lie side
   * by side in large buffers, for making one costs more than filling it: who hands a packet on by its buffer copies it.
   */
  pack(own: readonly OwnRecord[], withHistory: boolean): Uint8Array {
    const needed = Math.min(LARGEST_PACKET_BYTES, this.#roomNeeded(own, withHistory))
    if (shelfUsed + needed > shelf.length) {
      shelf = new Uint8Array(SHELF_BYTES)
      shelfUsed = 0
    }
    const start = shelfUsed
    shelfUsed = this.#fill(shelf, start, start + needed, own, withHistory)
    return shelf.subarray(start, shelfUsed)
  }

  /** Writes from `at` up to `end` at most; gives the place after the last byte. */
  #fill(
    packet: Uint8Array,
    at: number,
    end: number,
    own: readonly OwnRecord[],
    withHistory: boolean,
  ): number {
    for (const { kind, bytes } of own) {
      at = putHead(packet, at, kind, bytes.length)
      packet.set(bytes, at)
      at += bytes.length
    }
    const start = at
    // History is the last of them.
    const rows = CLASSES.length - (withHistory ? 0 : 1)
    for (let row = 0; row < rows && this.#frames > 0; row++) {
      const of = CLASSES[row]!
      const queue = this.queues[of]
      const largest = of === 'history' ? LARGEST_HISTORY_PACKET_BYTES : LARGEST_PACKET_BYTES
      const room = Math.min(end, start + largest)
      for (let frame = queue.first; frame !== undefined; frame = queue.first) {
        const taken = fitting(frame.length, room - at, queue.firstIsUnderWay ? 0 : largest)
        if (taken === 0) return at
        const ends = taken === frame.length
        const part = partTaken(queue.firstIsUnderWay, ends)
        at = putHead(packet, at, frameKind(of, part), taken)
        packet.set(ends ? frame : frame.subarray(0, taken), at)
        at += taken
        queue.advance(taken)
        this.#bytes -= taken
        if (ends) this.#frames--
      }
    }
    return at
  }

  #roomNeeded(own: readonly OwnRecord[], withHistory: boolean): number {
    let room = this.bytes(withHistory) + this.frames(withHistory) * LARGEST_HEAD_BYTES
    for (const { bytes } of own) room += bytes.length + LARGEST_HEAD_BYTES
    return room
  }
}

/**
 * How much of a frame goes into the room left: all, or nothing where a packet of its own, which takes up to `whole`
 * bytes, holds it (to put it together again is a buffer and a copy, and SCTP wastes no room on what stays empty), or
 * a fragment worth its head.
 */
function fitting(length: number, room: number, whole: number): number {
  const needed = length + headLength(length)
  if (needed <= room) return length
  if (needed <= whole) return 0
  const fragment = room - headLength(room)
  return fragment < SMALLEST_FRAGMENT_BYTES ? 0 : fragment
}

function partTaken(underWay: boolean, ends: boolean): Part {
  if (underWay) return ends ? 'last' : 'middle'
  return ends ? 'whole' : 'first'
}

/** Four of the largest packets, or some hundred usual ones. Guess. */
const SHELF_BYTES = 4 * LARGEST_PACKET_BYTES
let shelf = /* @__PURE__ */ new Uint8Array(0)
let shelfUsed = 0
const LARGEST_HEAD_BYTES = 3
/** Live frames said later stand behind it (config.ts, `historyWaterBytes`). Guess. */
export const LARGEST_HISTORY_PACKET_BYTES = 16 << 10
/** A smaller rest of a packet stays empty: 0.4 % of it at worst. Guess. */
const SMALLEST_FRAGMENT_BYTES = 64

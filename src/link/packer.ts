// Packets from queues: filled to the brim, control first, a frame cut where the packet ends.
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
  readonly #rows: readonly FrameQueue[]

  constructor(limits: LinkConfig['queues']) {
    this.queues = {
      control: new FrameQueue(limits.control),
      live: new FrameQueue(limits.live),
      history: new FrameQueue(limits.history),
    }
    this.#rows = CLASSES.map(each => this.queues[each])
  }

  get bytes(): number {
    const { control, live, history } = this.queues
    return control.bytes + live.bytes + history.bytes
  }

  get frames(): number {
    const { control, live, history } = this.queues
    return control.length + live.length + history.length
  }

  /** The next packet, of at most 16 KiB; `own` records, which must fit, come first. Copies each byte once. */
  pack(own: readonly OwnRecord[]): Uint8Array {
    const packet = new Uint8Array(Math.min(LARGEST_PACKET_BYTES, this.#roomNeeded(own)))
    let at = 0
    for (const { kind, bytes } of own) {
      at = putHead(packet, at, kind, bytes.length)
      packet.set(bytes, at)
      at += bytes.length
    }
    for (let row = 0; row < this.#rows.length; row++) {
      const queue = this.#rows[row]!
      for (let frame = queue.first; frame !== undefined; frame = queue.first) {
        const taken = fitting(frame.length, packet.length - at)
        if (taken === 0) return packet.subarray(0, at)
        const part = partTaken(queue.firstIsUnderWay, taken === frame.length)
        at = putHead(packet, at, frameKind(CLASSES[row]!, part), taken)
        packet.set(taken === frame.length ? frame : frame.subarray(0, taken), at)
        at += taken
        queue.advance(taken)
      }
    }
    return at === packet.length ? packet : packet.subarray(0, at)
  }

  #roomNeeded(own: readonly OwnRecord[]): number {
    let room = this.bytes + this.frames * LARGEST_HEAD_BYTES
    for (const { bytes } of own) room += bytes.length + LARGEST_HEAD_BYTES
    return room
  }
}

/** How much of a frame goes into the room left: all, a fragment worth its head, or nothing. */
function fitting(length: number, room: number): number {
  if (length + headLength(length) <= room) return length
  const fragment = room - headLength(room)
  return fragment < SMALLEST_FRAGMENT_BYTES ? 0 : fragment
}

function partTaken(underWay: boolean, ends: boolean): Part {
  if (underWay) return ends ? 'last' : 'middle'
  return ends ? 'whole' : 'first'
}

const LARGEST_HEAD_BYTES = 3
/** A smaller rest of a packet stays empty: 0.4 % of it at worst. Guess. */
const SMALLEST_FRAGMENT_BYTES = 64

import { GossamerError } from '../bridge/errors.js'
import { type ClientEvent, EVENT_CREDIT } from '../bridge/node-messages.js'
import type { TopicEvent } from '../core/io.js'

/**
 * The reader's side of a topic, one for each handle: events wait in a ring until the reader has credit.
 * A full ring gives up its oldest, and the reader finds `lagged` with their number where they were.
 * `lagged` counts against the credit like any event.
 */
export class Subscriber {
  readonly #capacity: number
  /** Events dropped because the reader did not keep up. */
  dropped = 0
  /** Credit refused because the reader gave back more than it was sent. */
  creditRefused = 0
  readonly #ring: (TopicEvent | undefined)[] = []
  #first = 0
  #waiting = 0
  #waitingBytes = 0
  /** Dropped since the reader was last told. They are always just before the ring's oldest. */
  #missed = 0
  /** The sizes of what is in flight, oldest first, bytes. */
  readonly #inFlight: number[] = []
  #inFlightBytes = 0

  /** @param capacity events that wait at most, 1 to 65,536. */
  constructor(capacity = SUBSCRIPTION_CAPACITY) {
    this.#capacity = capacity
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > LARGEST_CAPACITY) {
      throw new GossamerError(
        'invalid-argument',
        `A subscription's capacity is an integer from 1 to ${LARGEST_CAPACITY}; this one is ${capacity}.`,
      )
    }
  }

  push(event: TopicEvent): void {
    if (this.#waiting === this.#capacity) this.#drop()
    this.#ring[(this.#first + this.#waiting) % this.#capacity] = event
    this.#waiting++
    this.#waitingBytes += sizeOf(event)
    while (this.#waitingBytes > WAITING_BYTES && this.#waiting > 1) this.#drop()
  }

  /** The reader took `count` events: as many more may be sent. */
  credit(count: number): void {
    if (!Number.isInteger(count) || count < 1) {
      this.creditRefused++
      return
    }
    const taken = this.#inFlight.splice(0, count)
    for (const size of taken) this.#inFlightBytes -= size
    this.creditRefused += count - taken.length
  }

  /** What may be sent now, oldest first; from here on it is in flight. */
  take(): ClientEvent[] {
    const events: ClientEvent[] = []
    while (this.#hasCredit()) {
      if (this.#missed > 0) {
        events.push({ type: 'lagged', count: this.#missed })
        this.#missed = 0
        this.#inFlight.push(0)
      } else if (this.#waiting > 0) {
        const event = this.#shift()
        const size = sizeOf(event)
        events.push(event)
        this.#inFlight.push(size)
        this.#inFlightBytes += size
      } else {
        break
      }
    }
    return events
  }

  #hasCredit(): boolean {
    return this.#inFlight.length < EVENT_CREDIT && this.#inFlightBytes < IN_FLIGHT_BYTES
  }

  #drop(): void {
    this.#shift()
    this.#missed++
    this.dropped++
  }

  #shift(): TopicEvent {
    const event = this.#ring[this.#first]!
    this.#ring[this.#first] = undefined
    this.#first = (this.#first + 1) % this.#capacity
    this.#waiting--
    this.#waitingBytes -= sizeOf(event)
    return event
  }
}

/**
 * The same events, their contents copied out of the packets they came in: a view is posted together with
 * all of the buffer under it, and the packet belongs to others. Contents below 16 KiB share buffers of at
 * most 64 KiB, larger ones have their own; all are transferred. The events given stay as they are.
 *
 * Departs from plain slices because of what posting costs (Chromium 156, worker and page, µs per event,
 * batches of 128, two busy cores; half or double is noise):
 *
 *                        100 B        1 KiB        16 KiB        64 KiB
 *     slices, cloned     4.2 + 3.1    13.0 + 6.8   68.8 + 31.0   1620 + 375
 *     slices, moved     15.2 + 3.7    12.2 + 3.5   42.4 +  7.3    361 +   7
 *     as here            3.4 + 3.3     6.2 + 2.7   51.4 +  4.3    231 +   4
 *
 * A buffer costs more than small bytes, on the list or off it; large bytes cost more than their buffer.
 * The limit of 64 KiB is what a reader that keeps one small message may keep along with it.
 */
export function toTransfer(events: readonly ClientEvent[]): {
  events: ClientEvent[]
  transfer: ArrayBuffer[]
} {
  const copies: ClientEvent[] = []
  const transfer: ArrayBuffer[] = []
  let pack = NO_BYTES
  let at = 0
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!
    if (event.type !== 'received') {
      copies.push(event)
      continue
    }
    const { length } = event.content
    if (at + length > pack.length) {
      pack = new Uint8Array(packSize(events, i))
      at = 0
      transfer.push(pack.buffer)
    }
    const content = pack.subarray(at, at + length)
    content.set(event.content)
    at += length
    copies.push({ ...event, content })
  }
  return { events: copies, transfer }
}

/** Bytes of the buffer that the event at `start` opens: its own, or its and those that follow. */
function packSize(events: readonly ClientEvent[], start: number): number {
  let size = sizeOf(events[start]!)
  if (size >= OWN_BUFFER_BYTES) return size
  for (let i = start + 1; i < events.length; i++) {
    const more = sizeOf(events[i]!)
    if (more >= OWN_BUFFER_BYTES || size + more > PACK_BYTES) break
    size += more
  }
  return size
}

function sizeOf(event: ClientEvent): number {
  return event.type === 'received' ? event.content.length : 0
}

/** The seed's `subscription_capacity`. */
export const SUBSCRIPTION_CAPACITY = 2048

/** Guess: a reader this far behind wants to be told so, not served. */
const LARGEST_CAPACITY = 65_536

/** 2,048 of the default's largest messages are 8 MiB; of the largest allowed they would be 2 GiB. Guess. */
const WAITING_BYTES = 32 << 20

/** The credit of 256 is meant for small events. At least one, however large, may be on its way. Guess. */
const IN_FLIGHT_BYTES = 8 << 20

/** Measured above. */
const OWN_BUFFER_BYTES = 16 << 10
const PACK_BYTES = 64 << 10
const NO_BYTES = new Uint8Array(0)

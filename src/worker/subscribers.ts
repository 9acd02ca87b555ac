import { GossamerError } from '../bridge/errors.js'
import { type ClientEvent, EVENT_CREDIT } from '../bridge/node-messages.js'

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
  readonly #ring: (ClientEvent | undefined)[] = []
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

  /** The next event costs the oldest its place. */
  get isFull(): boolean {
    return this.#waiting === this.#capacity
  }

  push(event: ClientEvent): void {
    if (this.isFull) this.#drop()
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

  #shift(): ClientEvent {
    const event = this.#ring[this.#first]!
    this.#ring[this.#first] = undefined
    this.#first = (this.#first + 1) % this.#capacity
    this.#waiting--
    this.#waitingBytes -= sizeOf(event)
    return event
  }
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

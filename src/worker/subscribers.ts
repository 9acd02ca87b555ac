import { GossamerError } from '../bridge/errors.js'
import { EVENT_CREDIT, type NodeEvent } from '../bridge/node-messages.js'

/**
 * The reader's side of a topic, one for each handle: events wait in a ring until the reader has credit.
 * A full ring gives up its oldest, and the reader finds `lagged` with their number where they were.
 * `lagged` counts against the credit like any event. A bundle counts as the messages it holds, and goes or stays as one: of
 * what is said of numbers here it may be over by the rest of one.
 */
export class Subscriber {
  readonly #capacity: number
  /** Events dropped because the reader did not keep up. */
  dropped = 0
  /** Credit refused because the reader gave back more than it was sent. */
  creditRefused = 0
  readonly #ring: (NodeEvent | undefined)[] = []
  #first = 0
  /** Bundles, and all else. */
  #held = 0
  /** Messages, and all else. */
  #waiting = 0
  #waitingBytes = 0
  /** Dropped since the reader was last told. They are always just before the ring's oldest. */
  #missed = 0
  /** What is in flight, oldest first: how many events, and their bytes. */
  readonly #inFlight: { count: number; bytes: number }[] = []
  #inFlightCount = 0
  #inFlightBytes = 0

  /** @param capacity events that wait at most, 1 to 65,536. */
  constructor(capacity = SUBSCRIPTION_CAPACITY) {
    this.#capacity = capacity
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > LARGEST_CAPACITY) {
      throw new GossamerError(
        'invalid-argument',
        `The node does not understand: subscribe.capacity ${capacity}, not 1 to ${LARGEST_CAPACITY}.`,
      )
    }
  }

  /** It costs the oldest their places. */
  isTooMuch(event: NodeEvent): boolean {
    return this.#waiting + countOf(event) > this.#capacity
  }

  push(event: NodeEvent): void {
    while (this.#held > 0 && this.isTooMuch(event)) this.#drop()
    this.#ring[(this.#first + this.#held) % this.#capacity] = event
    this.#held++
    this.#waiting += countOf(event)
    this.#waitingBytes += sizeOf(event)
    while (this.#waitingBytes > WAITING_BYTES && this.#held > 1) this.#drop()
  }

  /** The reader took `count` events: as many more may be sent. */
  credit(count: number): void {
    if (!Number.isInteger(count) || count < 1) {
      this.creditRefused++
      return
    }
    const given = Math.min(count, this.#inFlightCount)
    this.creditRefused += count - given
    this.#inFlightCount -= given
    let left = given
    let gone = 0
    for (; left > 0; gone++) {
      const oldest = this.#inFlight[gone]!
      if (oldest.count > left) {
        oldest.count -= left
        break
      }
      left -= oldest.count
      this.#inFlightBytes -= oldest.bytes
    }
    this.#inFlight.splice(0, gone)
  }

  /** What may be sent now, oldest first; from here on it is in flight. */
  take(): NodeEvent[] {
    const events: NodeEvent[] = []
    while (this.#hasCredit()) {
      if (this.#missed > 0) {
        events.push({ type: 'lagged', count: this.#missed })
        this.#missed = 0
        this.#sent(1, 0)
      } else if (this.#held > 0) {
        const event = this.#shift()
        events.push(event)
        this.#sent(countOf(event), sizeOf(event))
      } else {
        break
      }
    }
    return events
  }

  #hasCredit(): boolean {
    return (
      this.#inFlight.length < EVENT_CREDIT &&
      this.#inFlightCount < BUNDLED_CREDIT &&
      this.#inFlightBytes < IN_FLIGHT_BYTES
    )
  }

  #sent(count: number, bytes: number): void {
    this.#inFlight.push({ count, bytes })
    this.#inFlightCount += count
    this.#inFlightBytes += bytes
  }

  #drop(): void {
    const count = countOf(this.#shift())
    this.#missed += count
    this.dropped += count
  }

  #shift(): NodeEvent {
    const event = this.#ring[this.#first]!
    this.#ring[this.#first] = undefined
    this.#first = (this.#first + 1) % this.#capacity
    this.#held--
    this.#waiting -= countOf(event)
    this.#waitingBytes -= sizeOf(event)
    return event
  }
}

function countOf(event: NodeEvent): number {
  return event.type === 'received-bundle' ? event.count : 1
}

function sizeOf(event: NodeEvent): number {
  if (event.type === 'received-bundle') return event.bundle.length
  return event.type === 'received' ? event.content.length : 0
}

/** The seed's `subscription_capacity`. */
export const SUBSCRIPTION_CAPACITY = 2048

/** Guess: a reader this far behind wants to be told so, not served. */
const LARGEST_CAPACITY = 65_536

/** 2,048 of the default's largest messages are 8 MiB; of the largest allowed they would be 2 GiB. Guess. */
const WAITING_BYTES = 32 << 20

/**
 * Of messages in bundles four times the credit may be on its way: a reader that is done with two bundles would wait for the
 * next, and a worker that waits for a core is milliseconds late.
 */
const BUNDLED_CREDIT = 4 * EVENT_CREDIT

/** The credit of 256 is meant for small events. At least one, however large, may be on its way. Guess. */
const IN_FLIGHT_BYTES = 8 << 20

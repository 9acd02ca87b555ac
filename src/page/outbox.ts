import { errorOf, GossamerError } from '../bridge/errors.js'
import type { BroadcastCall, BroadcastOutcome } from '../bridge/node-messages.js'
import { type OutcomeRun, unpackOutcomes } from '../bridge/runs.js'
import {
  bundleHeadBytes,
  LARGEST_BUNDLE_BYTES,
  LARGEST_BUNDLED_BYTES,
  MOST_BUNDLED,
  putBundleHead,
} from '../core/bundle.js'

/** What a broadcast came to. */
export interface Receipt {
  /** `author:seq`; of a message to neighbors a random id in base32. */
  id: string
  /** Neighbors it was handed to: sent in full or announced. 0 while alone. */
  neighbors: number
}

export type Scope = 'swarm' | 'neighbors'

/**
 * Broadcasts on their way to the node. Those of one task leave in one message, since `postMessage` costs by the piece and
 * not by the byte; and small ones to everybody in bundles, since all the way to the readers it is the same.
 */
export class Outbox {
  readonly #post: PostBatch
  readonly #waiting = new Map<number, Waiting>()
  #bytesWaiting = 0
  #nextRef = 1
  #failure: GossamerError | undefined
  /** What the current message holds so far. */
  #batch: Batch | undefined
  /** The bundle that is being filled: room for a head, then contents, which end at `#ends`. Its first ref. */
  readonly #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(CONTENTS_AT + LARGEST_BUNDLE_BYTES)
  #ends: number[] = []
  #first = 0

  constructor(post: PostBatch) {
    this.#post = post
  }

  /** Copies the payload at once. Rejects with `busy` above the bounds below. */
  send(scope: Scope, payload: Uint8Array, signal?: AbortSignal): Promise<Receipt> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (signal?.aborted) return Promise.reject(signal.reason)
    const bytes = payload.length
    if (this.#waiting.size >= MOST_WAITING || this.#bytesWaiting + bytes > MOST_WAITING_BYTES) {
      return Promise.reject(new GossamerError('busy', this.#busyText()))
    }
    return new Promise((resolve, reject) => {
      const ref = this.#nextRef++
      const waiting: Waiting = { resolve, reject, bytes, forget: undefined }
      this.#waiting.set(ref, waiting)
      this.#bytesWaiting += bytes
      if (signal !== undefined) this.#endOnAbort(waiting, signal)
      this.#add(scope, ref, payload)
    })
  }

  settle(outcomes: readonly (BroadcastOutcome | OutcomeRun)[]): void {
    unpackOutcomes(outcomes, outcome => {
      const waiting = this.#waiting.get(outcome.ref)
      if (waiting === undefined) return
      this.#waiting.delete(outcome.ref)
      this.#bytesWaiting -= waiting.bytes
      waiting.forget?.()
      if (outcome.ok) waiting.resolve({ id: outcome.id, neighbors: outcome.neighbors })
      else waiting.reject(errorOf(outcome.code, outcome.message))
    })
  }

  /** Sends what this task has gathered so far. */
  flush(): void {
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    this.#close(batch)
    this.#post(batch.scope, batch.calls, batch.transfer)
  }

  fail(error: GossamerError): void {
    this.#failure ??= error
    this.#batch = undefined
    for (const waiting of this.#waiting.values()) {
      waiting.forget?.()
      waiting.reject(this.#failure)
    }
    this.#waiting.clear()
    this.#bytesWaiting = 0
  }

  #add(scope: Scope, ref: number, payload: Uint8Array): void {
    const { length } = payload
    const under = this.#batch
    const isOver =
      under !== undefined &&
      (under.scope !== scope || under.count >= BATCH_CALLS || under.bytes + length > BATCH_BYTES)
    if (isOver) this.flush()
    const batch = (this.#batch ??= this.#begin(scope))
    batch.count++
    batch.bytes += length
    if (scope === 'neighbors' || length > LARGEST_BUNDLED_BYTES) {
      this.#close(batch)
      const copy = new Uint8Array(length)
      copy.set(payload)
      return put(batch, ref, copy)
    }
    if (!this.#hasRoomFor(length)) this.#close(batch)
    if (this.#ends.length === 0) this.#first = ref
    const at = this.#ends.at(-1) ?? CONTENTS_AT
    this.#scratch.set(payload, at)
    this.#ends.push(at + length)
  }

  #hasRoomFor(bytes: number): boolean {
    const count = this.#ends.length
    const used = (this.#ends[count - 1] ?? CONTENTS_AT) - CONTENTS_AT
    return count < MOST_BUNDLED && bundleHeadBytes(count + 1) + used + bytes <= LARGEST_BUNDLE_BYTES
  }

  /** What was gathered is one call. */
  #close(batch: Batch): void {
    const ends = this.#ends
    const count = ends.length
    if (count === 0) return
    this.#ends = []
    const start = count === 1 ? CONTENTS_AT : putBundleHead(this.#scratch, CONTENTS_AT, ends)
    put(batch, this.#first, this.#scratch.slice(start, ends[count - 1]), count)
  }

  #begin(scope: Scope): Batch {
    queueMicrotask(() => this.flush())
    return { scope, calls: [], transfer: [], count: 0, bytes: 0 }
  }

  /** The message goes out all the same, and goes on being counted until its outcome is there. */
  #endOnAbort(waiting: Waiting, signal: AbortSignal): void {
    const abort = () => waiting.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    waiting.forget = () => signal.removeEventListener('abort', abort)
  }

  #busyText(): string {
    return (
      `${this.#waiting.size} broadcasts with ${this.#bytesWaiting} bytes are under way; the bounds are ` +
      `${MOST_WAITING} and ${MOST_WAITING_BYTES} bytes. Await earlier ones before sending more.`
    )
  }
}

interface Waiting {
  resolve(receipt: Receipt): void
  reject(reason: unknown): void
  bytes: number
  forget: (() => void) | undefined
}

interface Batch {
  scope: Scope
  calls: BroadcastCall[]
  transfer: ArrayBuffer[]
  count: number
  bytes: number
}

function put(batch: Batch, ref: number, payload: Uint8Array<ArrayBuffer>, count = 1): void {
  batch.calls.push(count === 1 ? { ref, payload } : { ref, payload, count })
  batch.transfer.push(payload.buffer)
}

type PostBatch = (scope: Scope, calls: Batch['calls'], transfer: ArrayBuffer[]) => void

/** Broadcasts without an outcome, per topic handle. Guess: a fifth of a second's worth at full speed. */
const MOST_WAITING = 8_192
const MOST_WAITING_BYTES = 64 << 20
const CONTENTS_AT = bundleHeadBytes(MOST_BUNDLED)
/** A message of this many lets the worker begin while the page goes on. Guess. */
const BATCH_CALLS = 512
const BATCH_BYTES = 1 << 20

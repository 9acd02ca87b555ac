import { errorOf, GossamerError } from '../bridge/errors.js'
import type { BroadcastCall, BroadcastOutcome } from '../bridge/node-messages.js'
import { type OutcomeRun, unpackOutcomes } from '../bridge/runs.js'

/** What a broadcast came to. */
export interface Receipt {
  /** `author:seq`; of a message to neighbors a random id in base32. */
  id: string
  /** Neighbors it was handed to: sent in full or announced. 0 while alone. */
  neighbors: number
}

export type Scope = 'swarm' | 'neighbors'

/**
 * Broadcasts on their way to the node. Those of one task leave in one message and in one buffer, since
 * `postMessage` costs by the piece and not by the byte.
 */
export class Outbox {
  readonly #post: (scope: Scope, calls: BroadcastCall[], transfer: ArrayBuffer[]) => void
  readonly #waiting = new Map<number, Waiting>()
  #bytesWaiting = 0
  #nextRef = 1
  #failure: GossamerError | undefined
  /** What the current message holds so far. */
  #batch: Batch | undefined
  readonly #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(SCRATCH_BYTES)

  constructor(post: (scope: Scope, calls: BroadcastCall[], transfer: ArrayBuffer[]) => void) {
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
    const packed = this.#scratch.slice(0, batch.used)
    const calls: BroadcastCall[] = []
    let at = 0
    for (let i = 0; i < batch.refs.length; i++) {
      const own = batch.payloads[i]
      const end = batch.ends[i]!
      calls.push({ ref: batch.refs[i]!, payload: own ?? packed.subarray(at, end) })
      at = end
    }
    this.#post(batch.scope, calls, [packed.buffer, ...batch.transfer])
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
    const isLarge = payload.length > LARGE_BYTES
    if (this.#batch !== undefined && !this.#fits(this.#batch, scope, payload.length)) this.flush()
    const batch = (this.#batch ??= this.#begin(scope))
    batch.refs.push(ref)
    batch.bytes += payload.length
    if (isLarge) {
      const copy = new Uint8Array(payload.length)
      copy.set(payload)
      batch.payloads.push(copy)
      batch.transfer.push(copy.buffer)
    } else {
      this.#scratch.set(payload, batch.used)
      batch.used += payload.length
      batch.payloads.push(undefined)
    }
    batch.ends.push(batch.used)
  }

  #fits(batch: Batch, scope: Scope, bytes: number): boolean {
    if (batch.scope !== scope || batch.refs.length >= BATCH_CALLS) return false
    return bytes > LARGE_BYTES
      ? batch.bytes + bytes <= BATCH_BYTES
      : batch.used + bytes <= SCRATCH_BYTES
  }

  #begin(scope: Scope): Batch {
    queueMicrotask(() => this.flush())
    return { scope, refs: [], ends: [], payloads: [], transfer: [], used: 0, bytes: 0 }
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

/** Kept as columns: one object less for each broadcast. */
interface Batch {
  scope: Scope
  refs: number[]
  /** Where each payload ends in the scratch buffer. */
  ends: number[]
  /** Set where the payload is large and has a buffer of its own. */
  payloads: (Uint8Array<ArrayBuffer> | undefined)[]
  transfer: ArrayBuffer[]
  used: number
  bytes: number
}

/** Broadcasts without an outcome, per topic handle. Guess: a fifth of a second's worth at full speed. */
const MOST_WAITING = 8_192
const MOST_WAITING_BYTES = 64 << 20
const SCRATCH_BYTES = 64 << 10
/** Above it a buffer of its own is cheaper than copying twice. Guess. */
const LARGE_BYTES = 8 << 10
/** A message of this many lets the worker begin while the page goes on. Guess. */
const BATCH_CALLS = 512
const BATCH_BYTES = 1 << 20

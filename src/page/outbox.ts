import { errorOf, GossamerError } from '../bridge/errors.js'
import type { BroadcastCall, BroadcastOutcome } from '../bridge/node-messages.js'
import { type BroadcastRun, type OutcomeRun, unpackOutcomes } from '../bridge/runs.js'

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
  readonly #post: PostBatch
  readonly #waiting = new Map<number, Waiting>()
  #bytesWaiting = 0
  #nextRef = 1
  #failure: GossamerError | undefined
  /** What the current message holds so far. */
  #batch: Batch | undefined
  readonly #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(SCRATCH_BYTES)

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
    const packed = this.#scratch.slice(0, batch.used)
    let start = 0
    for (const call of batch.calls) {
      if ('payload' in call) continue
      const end = start + (call.ends.at(-1) ?? 0)
      call.contents = packed.subarray(start, end)
      start = end
    }
    this.#post(batch.scope, batch.calls, [packed.buffer, ...batch.transfer])
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
    batch.count++
    batch.bytes += payload.length
    if (isLarge) {
      const copy = new Uint8Array(payload.length)
      copy.set(payload)
      batch.calls.push({ ref, payload: copy })
      batch.transfer.push(copy.buffer)
      batch.run = undefined
      return
    }
    if (batch.run === undefined) {
      batch.run = { ref, ends: [], contents: NOTHING }
      batch.runStart = batch.used
      batch.calls.push(batch.run)
    }
    this.#scratch.set(payload, batch.used)
    batch.used += payload.length
    batch.run.ends.push(batch.used - batch.runStart)
  }

  #fits(batch: Batch, scope: Scope, bytes: number): boolean {
    if (batch.scope !== scope || batch.count >= BATCH_CALLS) return false
    return bytes > LARGE_BYTES
      ? batch.bytes + bytes <= BATCH_BYTES
      : batch.used + bytes <= SCRATCH_BYTES
  }

  #begin(scope: Scope): Batch {
    queueMicrotask(() => this.flush())
    return {
      scope,
      calls: [],
      run: undefined,
      runStart: 0,
      transfer: [],
      count: 0,
      used: 0,
      bytes: 0,
    }
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
  /** The small in runs, which lie one after the other in the scratch buffer; each large one by itself. */
  calls: (BroadcastCall | BroadcastRun)[]
  /** The last of them, where it goes on. */
  run: BroadcastRun | undefined
  runStart: number
  transfer: ArrayBuffer[]
  count: number
  used: number
  bytes: number
}

type PostBatch = (scope: Scope, calls: Batch['calls'], transfer: ArrayBuffer[]) => void

const NOTHING = new Uint8Array(0)

/** Broadcasts without an outcome, per topic handle. Guess: a fifth of a second's worth at full speed. */
const MOST_WAITING = 8_192
const MOST_WAITING_BYTES = 64 << 20
const SCRATCH_BYTES = 64 << 10
/** Above it a buffer of its own is cheaper than copying twice. Guess. */
const LARGE_BYTES = 8 << 10
/** A message of this many lets the worker begin while the page goes on. Guess. */
const BATCH_CALLS = 512
const BATCH_BYTES = 1 << 20

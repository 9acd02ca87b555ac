import { errorOf, GossamerError } from './errors.js'

export interface CallOptions {
  /** Stops the waiting; the other side goes on. */
  signal?: AbortSignal | undefined
  timeoutMs?: number | undefined
  transfer?: readonly unknown[] | undefined
  /** Said in any case: also where nobody waits for the answer any more, or too many wait. */
  isFinal?: boolean | undefined
}

/** What ends a call. */
export type CallEnd =
  | { type: 'answer'; call: number; value: unknown }
  | { type: 'refused'; call: number; code: string; message: string }

/**
 * Questions over a port, each with a number, and the promises that wait for their answers. When the other
 * side dies all of them reject, and so does every later one.
 */
export class Calls {
  readonly #post: (message: unknown, transfer?: readonly unknown[]) => void
  readonly #waiting = new Map<number, Waiting>()
  #nextCall = 1
  #failure: GossamerError | undefined

  constructor(post: (message: unknown, transfer?: readonly unknown[]) => void) {
    this.#post = post
  }

  /** `message` is built with the call's number. Rejects with `GossamerError`, or with the signal's reason. */
  ask<Answer>(message: (call: number) => unknown, options: CallOptions = {}): Promise<Answer> {
    const { signal, timeoutMs, transfer, isFinal } = options
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (signal?.aborted && !isFinal) return Promise.reject(signal.reason)
    if (this.#waiting.size >= MOST_CALLS && !isFinal) {
      const text = `${MOST_CALLS} calls wait for an answer already.`
      return Promise.reject(new GossamerError('busy', text))
    }
    return new Promise<Answer>((resolve, reject) => {
      const call = this.#nextCall++
      const waiting: Waiting = { resolve: resolve as (value: unknown) => void, reject }
      if (timeoutMs !== undefined) {
        waiting.timer = setTimeout(() => {
          const text = `There was no answer within ${timeoutMs} ms.`
          this.#take(call)?.reject(new GossamerError('no-answer', text))
        }, timeoutMs)
      }
      if (signal !== undefined) {
        const abort = () => this.#take(call)?.reject(signal.reason)
        signal.addEventListener('abort', abort)
        waiting.forget = () => signal.removeEventListener('abort', abort)
      }
      this.#waiting.set(call, waiting)
      try {
        this.#post(message(call), transfer)
      } catch (cause) {
        this.#take(call)?.reject(cause)
      }
      if (signal?.aborted) this.#take(call)?.reject(signal.reason)
    })
  }

  /** An answer to a call that was given up is nothing. */
  settle(end: CallEnd): void {
    const waiting = this.#take(end.call)
    if (waiting === undefined) return
    if (end.type === 'answer') waiting.resolve(end.value)
    else waiting.reject(errorOf(end.code, end.message))
  }

  /** The other side is gone. The first error stays. */
  fail(error: GossamerError): void {
    this.#failure ??= error
    for (const call of [...this.#waiting.keys()]) this.#take(call)?.reject(this.#failure)
  }

  #take(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call)
    if (waiting === undefined) return undefined
    this.#waiting.delete(call)
    clearTimeout(waiting.timer)
    waiting.forget?.()
    return waiting
  }
}

interface Waiting {
  resolve(value: unknown): void
  reject(reason: unknown): void
  timer?: ReturnType<typeof setTimeout>
  forget?(): void
}

/** Guess: nobody asks for more at once. */
const MOST_CALLS = 1024

import { GossamerError, textOf } from '../bridge/errors.js'
import { adaptPort, type MessagePortLike, type Port } from '../bridge/port.js'
import { ownWorker, WHAT_TO_TRY } from './own-worker.js'

/** A worker that runs `gossamer/worker`, or a way to make one. */
export type WorkerSource = MessagePortLike | (() => MessagePortLike)

export interface SpawnedWorker {
  port: Port
  /** Nothing where the application made the worker and gave it to us. */
  terminate(): void
}

/** Throws `worker-unavailable` where no worker can be made here. */
export function spawnWorker(source: WorkerSource | undefined): SpawnedWorker {
  if (source !== undefined && typeof source !== 'function') {
    return { port: adaptPort(source), terminate: () => {} }
  }
  const worker = makeWorker(source)
  return {
    port: adaptPort(worker),
    terminate: () => (worker as { terminate?(): unknown }).terminate?.(),
  }
}

/** The error for a worker that did not come up, with what to try. */
export function workerUnavailable(what: string, cause?: unknown): GossamerError {
  return new GossamerError('worker-unavailable', `${what} ${WHAT_TO_TRY}`, { cause })
}

function makeWorker(source: (() => MessagePortLike) | undefined): MessagePortLike {
  if (source === undefined && typeof Worker === 'undefined') {
    throw new GossamerError(
      'worker-unavailable',
      'There is no Worker here. A page rendered on a server opens it in the browser only; for Node there is gossamer/node.',
    )
  }
  try {
    return source === undefined ? ownWorker() : source()
  } catch (cause) {
    throw workerUnavailable(`The worker could not be made: ${textOf(cause)}.`, cause)
  }
}

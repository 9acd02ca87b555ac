import { GossamerError, textOf } from '../bridge/errors.js'
import { adaptPort, type MessagePortLike, type Port } from '../bridge/port.js'
import { ownWorker } from './own-worker.js'

/** A worker that runs `gossamer/worker`, or a way to make one. */
export type WorkerSource = MessagePortLike | (() => MessagePortLike)

export interface SpawnedWorker {
  port: Port
  /** Nothing where the application made the worker and gave it to us. */
  terminate(): void
}

/** Throws `worker-gone` where no worker can be made here. */
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

function makeWorker(source: (() => MessagePortLike) | undefined): MessagePortLike {
  try {
    return source === undefined ? ownWorker() : source()
  } catch (cause) {
    throw new GossamerError('worker-gone', `The worker could not be made: ${textOf(cause)}.`, {
      cause,
    })
  }
}

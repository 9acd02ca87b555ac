import { text } from 'gossamer-worker-text'

// In place of own-worker.ts in what `gossamer/inline` is: the worker travels as text inside the library.

export function ownWorker(): Worker {
  url ??= URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
  return new Worker(url)
}

/** They are inside. */
export function ownExtras(): undefined {}

/** One for all nodes of a page. It is never revoked: a worker may still be fetching it. */
let url: string | undefined

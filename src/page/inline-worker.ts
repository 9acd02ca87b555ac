import { text } from 'gossamer-worker-text'

// In place of own-worker.ts in what `gossamer/inline` is: the worker travels as text inside the library.

export function ownWorker(): Worker {
  url ??= URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
  return new Worker(url)
}

/** They are inside. */
export function ownExtras(): undefined {}

/** Where it did not come up. */
export const WHAT_TO_TRY =
  "Try: with a content security policy allow `worker-src blob:`, which 'gossamer/inline' needs; " +
  "or import from 'gossamer', whose worker is a file and needs `worker-src 'self'` only."

/** One for all nodes of a page. It is never revoked: a worker may still be fetching it. */
let url: string | undefined

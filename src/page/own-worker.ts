// The worker that the library brings itself. `gossamer/inline` is built with inline-worker.ts in place of this file.

import type { NodeOptions } from '../bridge/open-messages.js'

export function ownWorker(): Worker {
  // As one expression, for this is how bundlers find the worker: the built file lies beside dist/index.js.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
}

/** What the worker loads when a topic asks for it; each again as one expression. */
export function ownExtras(): NonNullable<NodeOptions['extras']> {
  return {
    history: new URL('./worker-history.js', import.meta.url).href,
    'full-mesh': new URL('./worker-full-mesh.js', import.meta.url).href,
    more: new URL('./worker-more.js', import.meta.url).href,
  }
}

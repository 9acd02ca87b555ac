// `gossamer/inline` is built with inline-what-to-try.ts in place of this file.

/** Where it did not come up. */
export const WHAT_TO_TRY =
  "Look for worker.js in the network panel. 404: your bundler did not copy it; pass `worker: () => new Worker(new URL('gossamer/worker', import.meta.url), { type: 'module' })`, or import from 'gossamer/inline'. " +
  "Vite 7 or older: add 'gossamer' to optimizeDeps.exclude. Content security policy: allow `worker-src 'self'`."

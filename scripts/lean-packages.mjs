// Plugins for esbuild: packages without what a page's worker never does with them (docs/decisions/0003-simple-peer-without-streams.md).
// Each is said by another hand, in a few lines, and held to what the package does.

import { fileURLToPath } from 'node:url'

/** What `src/storage` asks of idb: no shortcuts of databases, no iterators, no deleting. */
export const leanIdb = instead('idb', './idb/open.mjs')

/** `src/signaling/messages.ts` stops at the first issue, and reads its `type`, `message`, `expected` and `path`. */
export const leanValibot = instead('valibot', './valibot/read.mjs')

function instead(name, file) {
  return {
    name: `lean-${name}`,
    setup(build) {
      const path = fileURLToPath(new URL(file, import.meta.url))
      build.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path }))
    },
  }
}

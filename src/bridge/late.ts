/** Rejects after 15 s: a fetch from a server that went silent is settled after minutes, and much may wait for it. */
export function late(): Promise<never> {
  const signal = AbortSignal.timeout(FETCHED_WITHIN_MS)
  return new Promise((_, reject) => {
    signal.onabort = () => reject(signal.reason)
  })
}

/** As long as a worker has to answer (page/open-node.ts). */
const FETCHED_WITHIN_MS = 15_000

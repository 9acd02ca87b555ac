// In place of what-to-try.ts in what `gossamer/inline` is.

/** Where it did not come up. */
export const WHAT_TO_TRY =
  "Try: with a content security policy allow `worker-src blob:`, which 'gossamer/inline' needs; " +
  "or import from 'gossamer', whose worker is a file and needs `worker-src 'self'` only."

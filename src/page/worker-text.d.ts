declare module 'gossamer-worker-text' {
  /** What dist/worker.js holds; scripts/build.mjs puts it there. */
  export const text: string
}

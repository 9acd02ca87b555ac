declare module 'gossamer-shared' {
  /** What of this file's the extras use; scripts/extras.mjs puts it there. */
  export const shared: readonly unknown[]
  /** Names the sources that a worker and its extras were built of. */
  export const build: string
}

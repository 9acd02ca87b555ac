import type { PageExtra } from './own-extra.js'

/** What dist/page-extra.js exports; scripts/extras.mjs wraps it so. */
export const build: string
export function install(
  /** Gives what the library has already: nothing comes twice. */
  take: (index: number) => unknown,
  give: (part: PageExtra) => void,
): void

import type { extra } from './extra.js'

export type PageExtra = typeof extra

/** For whoever has all files at hand. The library is built with shipped-extra.ts in place of this file. */
export async function ownExtra(): Promise<PageExtra> {
  return (await import('./extra.js')).extra
}

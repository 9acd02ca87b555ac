// In place of own-extra.ts in dist/index.js: the extra lies beside it, and bundlers and browsers find it by its name.

import { build, shared } from 'gossamer-shared'
import { late } from '../bridge/late.js'
import type { PageExtra } from './own-extra.js'

/** Rejects where it can't be fetched, does not come within 15 s, or is of another build. */
export async function ownExtra(): Promise<PageExtra> {
  try {
    const file = await Promise.race([
      // Firefox remembers that a module could not be fetched; by another fragment it is another module of the same address.
      failures
        ? fetched(`${new URL('./page-extra.js', import.meta.url)}#${failures}`)
        : import('./page-extra.js'),
      late(),
    ])
    if (file.build !== build) throw new Error('of another release')
    let part: PageExtra | undefined
    file.install(
      index => shared[index],
      given => {
        part = given
      },
    )
    return part!
  } catch (cause) {
    failures++
    throw cause
  }
}

/** The address is for the browser, not for bundlers. */
function fetched(address: string): Promise<typeof import('./page-extra.js')> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ address)
}

let failures = 0

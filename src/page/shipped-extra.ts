// In place of own-extra.ts in dist/index.js: the extra lies beside it, and bundlers and browsers find it by its name.

import { build, shared } from 'gossamer-shared'
import type { PageExtra } from './own-extra.js'

export async function ownExtra(): Promise<PageExtra> {
  const file = await import('./page-extra.js')
  if (file.build !== build) throw new Error('it is of another release than the library')
  let part: PageExtra | undefined
  file.install(
    index => shared[index],
    given => {
      part = given
    },
  )
  return part!
}

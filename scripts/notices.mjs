// The licences of what the package bundles, in one file: bundlers keep only comments that begin with an exclamation mark, and
// most packages have none.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const NOTICES = 'THIRD-PARTY.txt'
/** A source in a package, whatever stands before: where that lies below the root, and its name. */
const IN_A_PACKAGE = /(?<=^|[/:])(node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+))\//

/** The packages that files of this folder have inside, as their source maps tell: names by where they lie. */
export async function bundledIn(folder, root) {
  const found = new Map()
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.js.map')) continue
    const { sources } = JSON.parse(await readFile(join(folder, file), 'utf8'))
    for (const source of sources) {
      const [, home, name] = IN_A_PACKAGE.exec(source) ?? []
      if (home !== undefined) found.set(join(root, home), name)
    }
  }
  return new Map([...found].sort(([, a], [, b]) => (a < b ? -1 : 1)))
}

/** Says below which licences these packages are; rejects where one of them brings none. */
export async function writeNotices(folder, root) {
  const notices = []
  for (const [home, name] of await bundledIn(folder, root)) {
    const files = await readdir(home).catch(() => [])
    const licence = files.find(file => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(file))
    if (licence === undefined)
      throw new Error(`${name} is bundled, and has no licence in ${home}: is it installed?`)
    const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
    const words = await readFile(join(home, licence), 'utf8')
    notices.push(`${name} ${version}\n\n${words.trim()}\n`)
  }
  const rule = `\n${'-'.repeat(80)}\n\n`
  const head = 'Files of this folder have parts of these packages inside.\n'
  await writeFile(join(folder, NOTICES), [head, ...notices].join(rule))
}

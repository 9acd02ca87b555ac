// The licences of what the package bundles, in one file: bundlers keep only comments that begin with an exclamation mark, and
// most packages have none.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const NOTICES = 'THIRD-PARTY.txt'
const IN_A_PACKAGE = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//

/** Names of the packages that files of this folder have inside, as their source maps tell. */
export async function bundledIn(folder) {
  const names = new Set()
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.js.map')) continue
    const { sources } = JSON.parse(await readFile(join(folder, file), 'utf8'))
    for (const source of sources) {
      const [, name] = IN_A_PACKAGE.exec(source) ?? []
      if (name !== undefined) names.add(name)
    }
  }
  return [...names].sort()
}

/** Says below which licences these packages are; rejects where one of them brings none. */
export async function writeNotices(folder, root) {
  const notices = []
  for (const name of await bundledIn(folder)) {
    const home = join(root, 'node_modules', name)
    const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
    const licence = (await readdir(home)).find(file => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(file))
    if (licence === undefined) throw new Error(`${name} is bundled, and its licence was not found.`)
    const words = await readFile(join(home, licence), 'utf8')
    notices.push(`${name} ${version}\n\n${words.trim()}\n`)
  }
  const rule = `\n${'-'.repeat(80)}\n\n`
  const head = 'Files of this folder have parts of these packages inside.\n'
  await writeFile(join(folder, NOTICES), [head, ...notices].join(rule))
}

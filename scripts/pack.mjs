// Packs the package as it would be published, from what the last build left in dist/.

import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './build.mjs'

const execute = promisify(execFile)

/** Returns where the tarball lies in `folder`, and the paths of the files in it. */
export async function packTarball(folder) {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const { stdout } = await execute('npm', args, { cwd: ROOT, shell: process.platform === 'win32' })
  const [packed] = JSON.parse(stdout)
  return { path: resolve(folder, packed.filename), files: packed.files.map(({ path }) => path) }
}

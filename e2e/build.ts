// Before the first law: what is tested is what the sources say.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sayLeftOut } from './matrix.js'

export default function build(): void {
  console.log(sayLeftOut())
  for (const args of [
    ['node_modules/typescript/bin/tsc', '-b'],
    ['scripts/build.mjs'],
    ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'],
  ]) {
    const { status } = spawnSync(process.execPath, args, {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
  }
}

// The API reference, from the declarations of the last build into dist-reference/. TypeDoc reads them with
// TypeScript 6, which this folder's own package brings: the house is built with 7.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
function run(command, ...args) {
  const stdio = ['ignore', 'inherit', 'inherit']
  const { status } = spawnSync(command, args, {
    cwd: HERE,
    stdio,
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(1)
}

if (!existsSync(fileURLToPath(new URL('../../dist/types/src/index.d.ts', import.meta.url)))) {
  console.error('dist/types is missing: npm run build makes it.')
  process.exit(1)
}
if (!existsSync(`${HERE}node_modules/typedoc`)) {
  run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error')
}
const typedoc = createRequire(`${HERE}package.json`).resolve('typedoc')
run(process.execPath, typedoc.replace(/dist[/\\]index\.js$/, 'bin/typedoc'))

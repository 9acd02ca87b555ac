// Before the first law: what is tested is what the sources say.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beginBuild } from '../scripts/built.mjs'
import { sayLeftOut } from './matrix.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

export default async function build(): Promise<void> {
  console.log(sayLeftOut())
  // Neither reads what the other writes; the page takes the library as it was built.
  await Promise.all([run('node_modules/typescript/bin/tsc', '-b'), buildPage()])
}

async function buildPage(): Promise<void> {
  const done = await beginBuild(ROOT)
  if (done === undefined) return
  await run('scripts/build.mjs')
  await run('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn')
  await done()
}

async function run(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`)
}

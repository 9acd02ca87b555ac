// `npm run check:package`: packs the package and lets publint and "are the types wrong?" read the tarball as
// strangers' tools would.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { ROOT } from './build.mjs'
import { bundledIn, NOTICES } from './notices.mjs'
import { packTarball } from './pack.mjs'

const IN_THE_PACKAGE =
  /^(dist\/.+\.(js|map|d\.ts)|dist\/THIRD-PARTY\.txt|docs\/.+\.md|examples\/.+\.(md|html|js|css)|README\.md|LICENSE|package\.json)$/

const folder = await mkdtemp(join(tmpdir(), 'gossamer-pack-'))
try {
  const tarball = await packTarball(folder)
  const faults = [
    ...misplaced(tarball.files),
    ...(await unnamed(tarball.files)),
    ...(await publintFaults(tarball)),
    ...(await typeFaults(tarball)),
  ]
  for (const fault of faults) console.error(fault)
  if (faults.length > 0) process.exitCode = 1
  else console.log(`package: ${tarball.files.length} files; publint and attw find nothing wrong`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** What has no business in the package. */
function misplaced(files) {
  return files.filter(path => !IN_THE_PACKAGE.test(path)).map(path => `${path} would be published`)
}

/** Packages inside, whose licence is not. */
async function unnamed(files) {
  const path = `dist/${NOTICES}`
  if (!files.includes(path)) return [`${path} is not published`]
  const said = await readFile(resolve(ROOT, path), 'utf8')
  const names = await bundledIn(resolve(ROOT, 'dist'), ROOT)
  return [...names.values()]
    .filter(name => !said.includes(`\n${name} `))
    .map(name => `${path} does not name ${name}`)
}

async function publintFaults({ path }) {
  const tarball = await readFile(path)
  const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true })
  return messages.map(message => `publint: ${formatMessage(message, pkg, { color: false })}`)
}

/** ESM only: how old CommonJS resolution fares is no fault. */
async function typeFaults({ path }) {
  const cli = resolve(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js')
  const args = [cli, path, '--profile', 'esm-only', '--no-color', '--no-emoji']
  try {
    await promisify(execFile)(process.execPath, args)
    return []
  } catch (error) {
    return [`attw:\n${error.stdout}${error.stderr}`]
  }
}

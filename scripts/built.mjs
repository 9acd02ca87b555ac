// Whether dist/ and dist-web/ are what the sources say, so that who starts again, or runs one law after another, waits for
// no build. Where in doubt they are not. What was changed by hand in node_modules nobody sees: `npm run build` makes the
// next start build anew.

import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const NOTE = 'node_modules/.cache/gossamer/built.json'
const BUILT = ['dist', 'dist-web']
/** Of it, what tsc writes: no page reads it. */
const TYPES = join('dist', 'types')
/** What no build reads; nor folders at the root whose names begin with a dot. All else counts. */
const UNREAD = new Set([
  ...BUILT,
  'bench',
  'dist-reference',
  'docs',
  'e2e',
  'playwright-report',
  'test-results',
  'tests',
])

/** Undefined where all is built. Else what is to be called when it is, so that the next time knows. */
export async function beginBuild(root) {
  // As it was asked for: Vite sets NODE_ENV while it builds.
  const environment = { ...process.env }
  const digest = await digestOf(root, environment)
  if (digest !== undefined && (await isBuilt(root, digest))) return undefined
  const build = randomUUID()
  await write(root, { build })
  return async () => {
    // Another one that began meanwhile wrote over what this one built, or will.
    if ((await read(root))?.build !== build) return
    const left = await stampsOf(root)
    // Sources that changed meanwhile may have changed back since.
    if (digest !== undefined && (await digestOf(root, environment)) === digest)
      await write(root, { digest, left })
  }
}

async function isBuilt(root, digest) {
  const note = await read(root)
  if (note?.digest !== digest) return false
  return JSON.stringify(note.left) === JSON.stringify(await stampsOf(root))
}

/** Of all that a build is made of, by contents: times change with every checkout. Undefined where not all can be read. */
async function digestOf(root, environment) {
  try {
    const hash = createHash('sha256').update(process.version)
    for (const [name, value] of Object.entries(environment).sort()) {
      if (name === 'NODE_ENV' || name.startsWith('VITE_')) hash.update(`\0${name}=${value}`)
    }
    const files = await filesUnder(root, '', path => UNREAD.has(path) || path[0] === '.')
    // What is installed: package-lock.json only says what should be.
    files.push(join('node_modules', '.package-lock.json'))
    for (const file of files) {
      const bytes = await readFile(join(root, file))
      hash.update(`\0${file}\0${bytes.length}\0`).update(bytes)
    }
    return hash.digest('hex')
  } catch {
    return undefined
  }
}

/** When each file was written that a build left. Undefined where one went meanwhile. */
async function stampsOf(root) {
  try {
    const stamps = {}
    for (const folder of BUILT) {
      for (const file of await filesUnder(root, folder, path => path === TYPES)) {
        const { size, mtimeMs } = await stat(join(root, file))
        stamps[file] = `${size} ${mtimeMs}`
      }
    }
    return stamps
  } catch {
    return undefined
  }
}

async function filesUnder(root, folder, isLeftOut) {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  const files = []
  for (const entry of entries.sort((x, y) => (x.name < y.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isFile() && !path.endsWith('.tsbuildinfo')) files.push(path)
    if (entry.name === 'node_modules' || isLeftOut(path)) continue
    if (entry.isDirectory()) files.push(...(await filesUnder(root, path, isLeftOut)))
    // Files could change behind it where nobody looks.
    if (entry.isSymbolicLink()) throw new Error(`${path} leads elsewhere`)
  }
  return files
}

async function read(root) {
  try {
    return JSON.parse(await readFile(join(root, NOTE), 'utf8'))
  } catch {
    return undefined
  }
}

/** Where it can't be written the next time builds too. */
async function write(root, note) {
  try {
    await mkdir(dirname(join(root, NOTE)), { recursive: true })
    await writeFile(join(root, NOTE), JSON.stringify(note))
  } catch {}
}

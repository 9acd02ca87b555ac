// Whether dist/ and dist-web/ are what the sources say, so that who starts again, or runs one law after another, waits for
// no build. Where in doubt they are not.

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const NOTE = 'node_modules/.cache/gossamer/built.json'
const BUILT = ['dist', 'dist-web']
/** What no build reads. All else counts, also what nobody thought of here. */
const UNREAD = new Set([
  ...BUILT,
  'bench',
  'dist-reference',
  'docs',
  'e2e',
  'tests',
  'test-results',
])

/** What a build of this folder would be made of, by contents: times change with every checkout. */
export async function digestOf(root) {
  const files = await filesUnder(root, '', UNREAD)
  // What is installed: package-lock.json only says what should be.
  files.push('node_modules/.package-lock.json')
  const hash = createHash('sha256').update(process.version)
  for (const file of files) {
    const bytes = await readFile(join(root, file)).catch(() => Buffer.from('none'))
    hash.update(`\0${file}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex')
}

/** True where the last build noted was of this digest, and every file it left is as it left it. */
export async function isBuilt(root, digest) {
  try {
    const note = JSON.parse(await readFile(join(root, NOTE), 'utf8'))
    if (note.digest !== digest) return false
    const left = await Promise.all(Object.keys(note.left).map(file => stampOf(root, file)))
    return left.length > 0 && Object.values(note.left).every((stamp, i) => stamp === left[i])
  } catch {
    return false
  }
}

/** `digest`: from before the build, for sources may change while it runs. */
export async function noteBuilt(root, digest) {
  const files = await Promise.all(BUILT.map(folder => filesUnder(root, folder)))
  const left = {}
  for (const file of files.flat()) left[file] = await stampOf(root, file)
  await mkdir(dirname(join(root, NOTE)), { recursive: true })
  await writeFile(join(root, NOTE), JSON.stringify({ digest, left }))
}

async function stampOf(root, file) {
  const { size, mtimeMs } = await stat(join(root, file))
  return `${size} ${mtimeMs}`
}

async function filesUnder(root, folder, but = new Set()) {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  const files = []
  for (const entry of entries.sort((x, y) => (x.name < y.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (but.has(path)) continue
    if (entry.isDirectory() && (entry.name === 'node_modules' || entry.name[0] === '.')) continue
    if (entry.isDirectory()) files.push(...(await filesUnder(root, path)))
    else if (!path.endsWith('.tsbuildinfo')) files.push(path)
  }
  return files
}

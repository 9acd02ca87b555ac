import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { digestOf, isBuilt, noteBuilt } from '../scripts/built.mjs'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gossamer-built-'))
  await put('src/index.ts', 'export {}')
  await put('dist/index.js', 'export{}')
  await put('dist-web/index.html', '<!doctype html>')
})

afterEach(() => rm(root, { recursive: true }))

it('is not built before it was, and is afterwards', async () => {
  expect(await isNow()).toBe(false)
  await noteBuilt(root, await digestOf(root))
  expect(await isNow()).toBe(true)
})

it.each([
  ['a source changes', () => put('src/index.ts', 'export{ }')],
  ['a source comes', () => put('src/more.ts', '')],
  [
    'a source gets another name',
    async () => {
      await rm(join(root, 'src/index.ts'))
      await put('src/main.ts', 'export {}')
    },
  ],
  ['a folder comes that nobody thought of', () => put('theme/dark.css', '')],
  ['another version of a package is installed', () => put('node_modules/.package-lock.json', '2')],
  ['something built changes', () => put('dist/index.js', 'export{ }')],
  ['something is built by another', () => utimes(join(root, 'dist/index.js'), 1, 1)],
  ['something built is gone', () => rm(join(root, 'dist-web/index.html'))],
  ['the note is spoiled', () => put('node_modules/.cache/gossamer/built.json', '{"left"')],
])('is not built where %s', async (_, happens) => {
  await noteBuilt(root, await digestOf(root))
  await happens()
  expect(await isNow()).toBe(false)
})

it('is built where a law, a page of the documentation or a type changes', async () => {
  await noteBuilt(root, await digestOf(root))
  for (const file of ['e2e/a.spec.ts', 'docs/a.md', 'dist/index.d.ts']) await put(file, '1')
  expect(await isNow()).toBe(true)
})

it('is not built where a source changed while it was', async () => {
  const digest = await digestOf(root)
  await put('src/index.ts', 'export { }')
  await noteBuilt(root, digest)
  expect(await isNow()).toBe(false)
})

async function isNow(): Promise<boolean> {
  return isBuilt(root, await digestOf(root))
}

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true })
  await writeFile(join(root, file), text)
}

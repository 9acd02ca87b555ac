import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { beginBuild } from '../scripts/built.mjs'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gossamer-built-'))
  await put('src/index.ts', 'export {}')
  await put('node_modules/.package-lock.json', '1')
  await put('dist/index.js', 'export{}')
  await put('dist/types/index.d.ts', 'export {}')
  await put('dist-web/index.html', '<!doctype html>')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(root, { recursive: true })
})

it('is built once it was, not while it is being built', async () => {
  const done = await beginBuild(root)
  expect(done).toBeDefined()
  expect(await beginBuild(root)).toBeDefined()
  await build()
  expect(await beginBuild(root)).toBeUndefined()
})

it.each<[string, () => unknown]>([
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
  ['a folder comes that leads elsewhere', () => symlink(tmpdir(), join(root, 'src/shared'))],
  ['a folder within begins with a dot', () => put('public/.well-known/x', '')],
  ['another version of a package is installed', () => put('node_modules/.package-lock.json', '2')],
  ['what is installed is unknown', () => rm(join(root, 'node_modules/.package-lock.json'))],
  ['it would be for developers', () => vi.stubEnv('NODE_ENV', 'development')],
  ['something built changes', () => put('dist/index.js', 'export{ }')],
  ['something is built by another', () => utimes(join(root, 'dist/index.js'), 1, 1)],
  ['something built is gone', () => rm(join(root, 'dist-web/index.html'))],
  ['all that was built is gone', () => rm(join(root, 'dist-web'), { recursive: true })],
  ['the note is spoiled', () => put('node_modules/.cache/gossamer/built.json', '{"left"')],
])('is not built where %s', async (_, happens) => {
  await build()
  await happens()
  expect(await beginBuild(root)).toBeDefined()
})

it('is built where a law, a page of the documentation or a type changes', async () => {
  await build()
  for (const file of ['e2e/a.spec.ts', 'docs/a.md', 'dist/types/index.d.ts', '.vite/x'])
    await put(file, '1')
  expect(await beginBuild(root)).toBeUndefined()
})

it('is not built where a source changed while it was, nor where it changed back', async () => {
  for (const after of ['export { }', 'export {}']) {
    const done = await beginBuild(root)
    await put('src/index.ts', 'export { }')
    await done!()
    await put('src/index.ts', after)
    expect(await beginBuild(root), after).toBeDefined()
    await put('src/index.ts', 'export {}')
  }
})

it('is built though the environment changed while it was', async () => {
  const done = await beginBuild(root)
  vi.stubEnv('NODE_ENV', 'production')
  await done!()
  vi.unstubAllEnvs()
  expect(await beginBuild(root)).toBeUndefined()
})

it('is not built where another build began meanwhile and did not end', async () => {
  const done = await beginBuild(root)
  await beginBuild(root)
  await done!()
  expect(await beginBuild(root)).toBeDefined()
})

it('builds every time where no note can be written', async () => {
  await put('node_modules/.cache', 'a file where a folder should be')
  await build()
  expect(await beginBuild(root)).toBeDefined()
})

async function build(): Promise<void> {
  const done = await beginBuild(root)
  await done!()
}

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true })
  await writeFile(join(root, file), text)
}

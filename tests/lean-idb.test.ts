import { readdirSync } from 'node:fs'
import * as esbuild from 'esbuild'
import { describe, vi } from 'vitest'
import { leanIdb } from '../scripts/lean-packages.mjs'

// The laws themselves look into the database by idb's shortcuts: they get all of it.
vi.mock('idb', async importOriginal => {
  const whole = await importOriginal<typeof import('idb')>()
  const { outputFiles } = await esbuild.build({
    stdin: { contents: "export { openDB, unwrap } from 'idb'", resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    write: false,
    plugins: [leanIdb],
  })
  const lean = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`)
  const openDB = (...given: Parameters<typeof whole.openDB>) =>
    (given[2]?.blocking === undefined ? whole : lean).openDB(...given)
  return { ...whole, ...lean, openDB }
})

const STORAGE = new URL('../src/storage/', import.meta.url)
const laws = readdirSync(STORAGE).filter(name => /^(indexeddb|open)-.+\.test\.ts$/.test(name))
describe.each(laws)('what a page has of idb is enough for %s', async name => {
  await import(new URL(name, STORAGE).href)
})

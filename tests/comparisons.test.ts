import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as esbuild from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { withChecker } from '../scripts/checker.mjs'
import { shortComparisons } from '../scripts/comparisons.mjs'

const root = mkdtempSync(join(tmpdir(), 'comparisons-'))
let text: string

/** What is compared, and what is to stand there in what ships. */
const COMPARED: [given: string, comparison: string, short: string][] = [
  // Where all that it may be is true, it is asked for itself.
  ['x?: Link', 'if (x === undefined) f()', 'if (!x) f()'],
  ['x?: Link', 'while (x !== undefined && f()) f()', 'while (x && f()) f()'],
  ['x?: Link', 'f(x !== undefined ? 1 : 2)', 'f(x ? 1 : 2)'],
  ['x?: Link', 'for (; !(x !== undefined); ) f()', 'for (; !x; ) f()'],
  ["x?: 'a' | 'b'", 'if (x === undefined) f()', 'if (!x) f()'],
  ['x?: Link', 'f((x && x.next) === undefined ? 1 : 2)', 'f(!(x && x.next) ? 1 : 2)'],
  // Where the answer itself goes on, it stays yes or no.
  ['x?: Link', 'f(x !== undefined)', 'f(!!x)'],
  ['x?: Link', 'f(x === undefined)', 'f(!x)'],
  ['x?: Link', 'if (f() || f(x !== undefined || 0)) f()', 'if (f() || f(!!x || 0)) f()'],
  // Something that may be false, empty or 0 is not taken for nothing.
  ['x?: number', 'if (x === undefined) f()', 'if (x == null) f()'],
  ['x?: string', 'if (x !== undefined) f()', 'if (x != null) f()'],
  ["x?: '' | 'a'", 'if (x !== undefined) f()', 'if (x != null) f()'],
  ['x?: boolean', 'f(x === undefined)', 'f(x == null)'],
  ['x?: Link | 0', 'f(x === undefined)', 'f(x == null)'],
  // Neither is null, nor what nobody knows.
  ['x?: Link | null', 'if (x === undefined) f()', 'if (x === void 0) f()'],
  ['x?: {}', 'if (x === undefined) f()', 'if (x == null) f()'],
  ['x: unknown', 'if (x === undefined) f()', 'if (x === void 0) f()'],
  ['x: any', 'if (x !== undefined) f()', 'if (x !== void 0) f()'],
  // Of one kind nothing is converted.
  ['x: PeerId, y?: PeerId', 'f(x === y)', 'f(x == y)'],
  ['x: number, y: number', 'f(x !== y)', 'f(x != y)'],
  ['x?: Link, y?: Link', 'f(x === y)', 'f(x == y)'],
  ['x: number, y: string | number', 'f(x === y)', 'f(x === y)'],
  ['x?: Link, y?: Link | null', 'f(x === y)', 'f(x === y)'],
  ['x?: boolean', 'if (x === true) f()', 'if (x) f()'],
  ['x?: boolean', 'f(x === true)', 'f(!!x)'],
  ['x?: boolean', 'f(x === false)', 'f(x == false)'],
  ['x: boolean | 1', 'f(x === true)', 'f(x === true)'],
  // How many there are is a number that is not below 0.
  ['x: number[]', 'if (x.length > 0) f()', 'if (x.length) f()'],
  ['x: Map<number, number>', 'f(x.size === 0)', 'f(!x.size)'],
  ['x: number[]', 'f(x.length > 0)', 'f(x.length > 0)'],
  ['x: { length: number }', 'if (x.length > 0) f()', 'if (x.length > 0) f()'],
  ['x?: number[]', 'f(x?.length === 0)', 'f(x?.length == 0)'],
  ['x: number', 'if (x > 0) f()', 'if (x > 0) f()'],
]

beforeAll(async () => {
  mkdirSync(join(root, 'scripts'))
  mkdirSync(join(root, 'src'))
  const compilerOptions = { target: 'ES2022', module: 'ESNext', lib: ['ES2022'], strict: true }
  const config = JSON.stringify({ compilerOptions, include: ['../src'] })
  writeFileSync(join(root, 'scripts/words.tsconfig.json'), config)
  const functions = COMPARED.map(
    ([given, comparison], i) => `export function law${i}(${given}) { ${comparison} }`,
  )
  const head = `declare function f(...given: unknown[]): boolean
    interface Link { next: Link | undefined }
    type PeerId = string & { readonly brand: 'peer' }`
  const path = join(root, 'src/main.ts')
  writeFileSync(path, [head, ...functions].join('\n'))
  const built = await withChecker(root, checked =>
    esbuild.build({
      entryPoints: [path],
      bundle: true,
      format: 'esm',
      write: false,
      plugins: [shortComparisons(checked)],
    }),
  )
  text = built.outputFiles[0]!.text
})
afterAll(() => rmSync(root, { recursive: true }))

it.each(COMPARED)('of %s: %s ships as %s', (_given, _comparison, short) => {
  const at = COMPARED.findIndex(one => one[0] === _given && one[1] === _comparison)
  const body = new RegExp(`function law${at}\\([^)]*\\) {([^]*?)\n}`).exec(text)?.[1]
  expect(body?.replace(/\s+/g, ' ').trim()).toBe(asPrinted(short))
})

/** By the same hand as the bundle. */
function asPrinted(code: string): string {
  return esbuild.transformSync(code).code.replace(/\s+/g, ' ').trim()
}

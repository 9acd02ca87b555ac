import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { withChecker } from '../scripts/checker.mjs'
import { shortenStrings, shortWords, withoutReasons } from '../scripts/words.mjs'

const root = mkdtempSync(join(tmpdir(), 'words-'))
let short: Record<string, string>
let elsewhere: Record<string, string>

beforeAll(async () => {
  const files: Record<string, string> = {
    'scripts/words.tsconfig.json': JSON.stringify({
      compilerOptions: { target: 'ES2022', module: 'ESNext', lib: ['ES2022', 'DOM'], strict: true },
      include: ['../src'],
    }),
    'src/index.ts': 'export type { Public } from "./core.js"',
    'src/bridge/said.ts': 'export type Said = { type: "said-over-there"; acrossPort: number }',
    'src/storage/records.ts': 'export const row = { keptOnDisk: 1 }',
    'src/core.ts': `
      declare const others: { ofOthers: number }
      export interface Public { shownToAll: 'a-public-word' }
      type Inner = { type: 'inner-tag'; own: Public } | { type: 'said-over-there' }
      class Machine {
        inwardly = 1
        stringify() { return this.inwardly + others.ofOthers }
      }
      export function step(inner: Inner, given: unknown) {
        const cast = given as { takenFor: number }
        const options: TextDecoderOptions = { ignoreBOM: true }
        const codecs = { 'inner-tag': 1, packageWord: 2, keptOnDisk: 3, acrossPort: 4, named: 5 }
        const machine = new Machine(), of = { of: 1 }
        JSON.stringify([options, cast.takenFor, 'named', 'says "inward" here', codecs.named])
        const counters = { counted: 0 }
        const said: Record<string, number> = {}
        for (const [name, count] of Object.entries({ ...counters })) said[name] = count + said['looked-up']!
        const settled = { fixed: 1 } as const
        machine.inwardly = settled.fixed
        const inward = { inward: machine.inwardly + codecs['inner-tag'] }
        switch (inner.type) {
          case 'inner-tag': return [inner.own.shownToAll, inward.inward]
          case 'said-over-there': return machine.stringify()
        }
        new Worker('', { type: 'module' })
        const { type } = new CryptoKey()
        return type === 'private' || new CryptoKey().type === 'secret'
      }`,
    'lib.js': 'export const { packageWord } = {}',
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const text = 'f(inwardly, a.own, { inwardly })'
  const parts = [
    { text, foreign: ['lib.js'] },
    { text, foreign: [], wish: { own: 'zz', inwardly: 'zz', fixed: 'of', 'inner-tag': 'yy' } },
  ]
  const [here, there] = await withChecker(root, checked => shortWords(checked, parts))
  short = here!
  elsewhere = there!
})
afterAll(() => rmSync(root, { recursive: true }))

it("what only Gossamer's own parts say is short", () => {
  expect(Object.keys(short).sort()).toEqual(['fixed', 'inner-tag', 'inwardly', 'own'])
  expect(new Set(Object.values(short)).size).toBe(4)
  for (const spelling of Object.values(short)) expect(spelling).toMatch(/^[a-zA-Z]{1,2}$/)
})

it('what a part says first is named first', () => {
  expect(Object.keys(short).slice(0, 2)).toEqual(['own', 'inwardly'])
})

it.each([
  ['the platform', 'ignoreBOM'],
  ['the platform, though a class of ours says it too', 'stringify'],
  ['the platform, as a tag that it is given', 'module'],
  ['the platform, as a tag that it gives', 'private'],
  ['the platform, as a tag that it gives, asked at once', 'secret'],
  ['a package', 'packageWord'],
  ['what is declared for others', 'ofOthers'],
  ['what something unknown is taken for', 'takenFor'],
  ['the public surface', 'shownToAll'],
  ['the public surface, as a value', 'a-public-word'],
  ['page and worker', 'acrossPort'],
  ['page and worker, as a tag', 'said-over-there'],
  ['the disk', 'keptOnDisk'],
  ['what is read by its names', 'counted'],
  ['what is looked up among any', 'looked-up'],
  ['a text', 'named'],
  ['a text that quotes it', 'inward'],
])('a word of %s stays: %s', (_whose, word) => {
  expect(short[word]).toBeUndefined()
})

it('a word is spelled as it is wished, where nothing else is', () => {
  expect(elsewhere).toMatchObject({ own: 'zz', 'inner-tag': 'yy' })
  expect(elsewhere.inwardly).toMatch(/^[a-y]{2}$/)
  expect(elsewhere.fixed).toMatch(/^[a-y]{2}$/)
})

it('a word of a package is short where the package is not', () => {
  expect(elsewhere.packageWord).toMatch(/^[a-zA-Z]{2}$/)
})

it('a string that is made short leaves what follows it in its column', () => {
  const text = 'f("inner-tag", "other", "inwardly and more")'
  expect(shortenStrings(text, { 'inner-tag': 'e', inwardly: 't' })).toBe(
    'f("e"        , "other", "inwardly and more")',
  )
})

it('a reason that nobody reads is left out, whatever is in it, and nothing else', () => {
  const text =
    'r.ab("no", 1), r.ab("no"), r.ab(`${it}`), r.abc("no"), r.ab(no), new RangeError(`${a}: ${b}`), Error("no")'
  const left =
    'r.ab("no", 1), r.ab(    ), r.ab(       ), r.abc("no"), r.ab(no), new RangeError(            ), Error("no")'
  expect(withoutReasons(text, { fail: 'ab' })).toBe(left)
  const checks = 'custom(a => b(a), "c"), custom(new RangeError("d"), `e`), custom(f)'
  expect(withoutReasons(checks, { fail: 'ab' })).toBe(
    'custom(a => b(a)     ), custom(new RangeError(   )     ), custom(f)',
  )
})

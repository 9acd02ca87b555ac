// `npm run size`: what a page pays for Gossamer, as it comes over the network, against the ceilings of the
// gate. Measures what the last build left in dist/. `--json` prints one line for machines; `--rooms` shows as well
// which room of the sources, or which package, each minified byte comes from.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import { ownWords, pageParts, ROOT } from './build.mjs'

/**
 * Bytes after gzip -9. Together, library and worker: the promise made to users, what a page pays whose topics ask for no
 * extra. Each part: a little above what it is now, so that growth is a decision and not an accident; raise it in
 * the change that needs it and say why there.
 */
const CEILINGS = {
  'dist/index.js': 14_470,
  'dist/worker.js': 52_060,
  together: 66_510,
  'dist/page-extra.js': 2_480,
  'dist/worker-history.js': 24_150,
  'dist/worker-full-mesh.js': 7_970,
  'dist/worker-more.js': 3_460,
  everything: 104_250,
}
/** What a page downloads whatever its topics ask for. */
const ALWAYS = ['dist/index.js', 'dist/worker.js']

const rows = await measure()
if (process.argv.includes('--json')) console.log(JSON.stringify(rows))
else print(rows)
if (process.argv.includes('--rooms'))
  for (const part of Object.values(await pageParts(await ownWords()))) await printRooms(part)
const over = rows.filter(({ bytes, ceiling }) => bytes > ceiling)
for (const { part, bytes, ceiling } of over) {
  console.error(`${part} is ${bytes - ceiling} bytes over its ceiling.`)
}
process.exitCode = over.length > 0 ? 1 : 0

async function measure() {
  const parts = Object.keys(CEILINGS).filter(part => part.startsWith('dist/'))
  const rows = await Promise.all(
    parts.map(async part => {
      const file = await readFile(resolve(ROOT, part)).catch(() => {
        console.error(`${part} is missing: run \`node scripts/build.mjs\` first.`)
        process.exit(1)
      })
      return row(part, gzipSync(file, { level: 9 }).length, file.length)
    }),
  )
  const sum = (name, some) => {
    const of = key => some.reduce((total, one) => total + one[key], 0)
    return row(name, of('bytes'), of('minified'))
  }
  const isAlways = ({ part }) => ALWAYS.includes(part)
  return [
    ...rows.filter(isAlways),
    sum('together', rows.filter(isAlways)),
    ...rows.filter(one => !isAlways(one)),
    sum('everything', rows),
  ]
}

function row(part, bytes, minified) {
  return { part, bytes, ceiling: CEILINGS[part], minified }
}

function print(rows) {
  const kib = bytes => `${(bytes / 1024).toFixed(1)} KiB`.padStart(10)
  const whole = bytes => bytes.toLocaleString('en-US').padStart(10)
  const heads = ['gzip', 'bytes', 'ceiling', 'minified'].map(head => head.padStart(10))
  console.log(`${''.padEnd(26)}${heads.join('')}`)
  for (const { part, bytes, ceiling, minified } of rows) {
    const figures = [kib(bytes), whole(bytes), whole(ceiling), kib(minified)]
    console.log(`${part.padEnd(26)}${figures.join('')}`)
  }
}

/** From a build of its own, before the other minifiers: what they take off is not known by room. */
async function printRooms(options) {
  const { metafile } = await esbuild.build({ ...options, write: false, metafile: true })
  const output = Object.values(metafile.outputs).find(
    ({ inputs }) => Object.keys(inputs).length > 0,
  )
  const rooms = new Map()
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const room = path.startsWith('node_modules/')
      ? path.split('/').slice(1, path.startsWith('node_modules/@') ? 3 : 2)
      : path.split('/').slice(0, -1)
    const name = room.slice(0, 4).join('/')
    rooms.set(name, (rooms.get(name) ?? 0) + bytesInOutput)
  }
  console.log(`\n${options.outfile}, minified bytes by room`)
  for (const [room, bytes] of [...rooms].sort(([, a], [, b]) => b - a)) {
    console.log(`${String(bytes).padStart(8)}  ${room}`)
  }
}

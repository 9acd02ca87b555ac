// `node scripts/order.mjs SECONDS`: looks for the order of modules in which library and worker are smallest after gzip, which looks back no
// further than 32 KiB, and writes it to scripts/module-order.json. Any order is right: it costs bytes where it is old, and nothing else.

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import { minified, ownWords, pageParts, ROOT } from './build.mjs'

const [, , seconds = '60'] = process.argv
const parts = await pageParts(await ownWords())
const orders = {}
for (const name of ['library', 'worker'])
  orders[name] = await search(parts[name], Number(seconds) / 2)
await writeFile(resolve(ROOT, 'scripts/module-order.json'), `${JSON.stringify(orders, null, 2)}\n`)

async function search(options, seconds) {
  const { pieces, head, needs } = await piecesOf(options)
  const sources = [...pieces.keys()].filter(path => path.startsWith('src/'))
  const sizeOf = order => {
    const placed = new Set()
    const text = [head]
    const place = path => {
      if (placed.has(path)) return
      placed.add(path)
      for (const needed of needs.get(path)) place(needed)
      text.push(pieces.get(path))
    }
    order.forEach(place)
    return gzipSync(text.join(''), { level: 9 }).length
  }
  let order = sources
  let size = sizeOf(order)
  const random = dice(1)
  for (const until = Date.now() + seconds * 1000; Date.now() < until; ) {
    const other = [...order]
    const moved = other.splice(random(other.length), 1 + random(1 + random(12)))
    other.splice(random(other.length + 1), 0, ...moved)
    if (!isLegal(other, needs)) continue
    const otherSize = sizeOf(other)
    if (otherSize > size) continue
    order = other
    size = otherSize
  }
  console.log(`${options.outfile}: ${sizeOf(sources)} → ${size} bytes`)
  return order
}

/** What each module comes to in what ships: marks between them outlast the minifiers. */
async function piecesOf(options) {
  const { metafile } = await esbuild.build({ ...options, write: false, metafile: true })
  const paths = []
  const text = await minified(options, text =>
    text.replace(/^ *\/\/ ((?:src|scripts|node_modules|shared)[^\n]*)$/gm, (line, path) => {
      paths.push(path)
      return `mark(${paths.length - 1});`.padEnd(line.length)
    }),
  )
  const [head, ...rest] = text[resolve(ROOT, options.outfile)].split(/\bmark\((\d+)\)[;,]?/)
  const pieces = new Map(paths.map((path, i) => [path, rest[2 * i + 1]]))
  const needs = new Map(
    paths.map(path => {
      const imports = metafile.inputs[path]?.imports ?? []
      return [path, imports.map(one => one.path).filter(one => pieces.has(one) && one !== path)]
    }),
  )
  return { head, pieces, needs }
}

/** The bundler puts what a module imports before it. */
function isLegal(order, needs) {
  const placed = new Set()
  for (const path of order) {
    for (const needed of needs.get(path))
      if (needed.startsWith('src/') && !placed.has(needed)) return false
    placed.add(path)
  }
  return true
}

/** The same order for the same sources, given time. */
function dice(seed) {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return Math.floor((state / 0x8000_0000) * below)
  }
}

// `node scripts/layout.mjs SECONDS`: looks for the order of modules and for the spellings of short words and private names with which
// library and worker are smallest after gzip, and writes them to scripts/layout.json. Any are right: they cost bytes where they are
// old, and nothing else (docs/decisions/0016-words-are-short-in-what-ships.md).

import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import { minified, ownWords, pageParts, ROOT } from './build.mjs'

const [, , seconds = '60', only] = process.argv
const file = resolve(ROOT, 'scripts/layout.json')
const parts = await pageParts(await ownWords())
const layout = JSON.parse(await readFile(file, 'utf8'))
for (const name of only === undefined ? ['library', 'worker'] : [only]) {
  layout[name] = await search(parts[name], layout[name], Number(seconds))
}
await writeFile(file, `${JSON.stringify(layout, null, 1)}\n`)

async function search(options, { letters: wishes }, seconds) {
  const bundle = await readBundle(options, wishes)
  const { needs } = bundle
  let order = [...bundle.pieces.keys()].filter(path => path.startsWith('src/'))
  let names = [...bundle.names]
  let size = sizeOf(bundle, order, names)
  const before = size
  const random = dice(1)
  let tries = 0
  for (const until = Date.now() + seconds * 1000; Date.now() < until; tries++) {
    const isMove = random(3) === 0
    const otherOrder = isMove ? moved(order, random) : order
    const otherNames = isMove ? names : swapped(names, bundle.groups, random)
    if (isMove && !isLegal(otherOrder, needs)) continue
    const otherSize = sizeOf(bundle, otherOrder, otherNames)
    if (otherSize > size) continue
    order = otherOrder
    names = otherNames
    size = otherSize
  }
  console.log(`${options.outfile}: ${before} → ${size} bytes of gzip in ${tries} steps`)
  const words = {}
  const letters = {}
  bundle.owners.forEach(({ word, of, member }, i) => {
    if (word !== undefined) words[word] = names[i]
    else if (member !== undefined) (letters[of] ??= {})[member] = names[i]
  })
  return { modules: order, words, letters }
}

/**
 * What each module comes to in what ships, as texts and the places of names between them: marks for modules and names outlast the
 * minifiers.
 */
async function readBundle(options, wishes) {
  const { metafile } = await esbuild.build({ ...options, write: false, metafile: true })
  const names = []
  const owners = []
  const groups = []
  const mark = (owner, name) => {
    owners.push(owner)
    return `$${names.push(name) - 1}$`
  }
  const spellings = Object.entries(options.mangleCache)
  groups.push(spellings.map((_, i) => i))
  const mangleCache = Object.fromEntries(
    spellings.map(([word, spelling]) => [word, mark({ word }, spelling)]),
  )
  const isWord = new Set(Object.values(options.mangleCache))
  const wishOf = (of, members, letters) => {
    // One class of a name.
    if (owners.some(owner => owner.of === of)) return undefined
    const free = letters.filter(letter => !isWord.has(letter))
    const wish = { ...wishes[of] }
    const taken = new Set(members.map(member => wish[member]))
    for (const member of members) {
      wish[member] ??= free.find(letter => !taken.has(letter))
      taken.add(wish[member])
    }
    // Members swap their letters, and take others' places in the end.
    const all = [...members, ...free.slice(0, 52).filter(letter => !taken.has(letter))]
    groups.push(all.map((_, i) => names.length + i))
    const marks = {}
    for (const one of all) {
      const member = members.includes(one) ? one : undefined
      const marked = mark({ of, member }, member === undefined ? one : wish[one])
      if (member !== undefined) marks[member] = marked
    }
    letters.push(...Object.values(marks))
    return marks
  }
  const paths = []
  const marked = text =>
    text.replace(/^ *\/\/ ((?:src|scripts|node_modules|shared)[^\n]*)$/gm, (line, path) => {
      paths.push(path)
      return `mark(${paths.length - 1});`.padEnd(line.length)
    })
  const shortened = { ...options, mangleCache }
  const { [resolve(ROOT, options.outfile)]: text } = await minified(shortened, { marked, wishOf })
  const [head, ...rest] = text
    .replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
    .split(/\bmark\((\d+)\)[;,]?/)
  const pieceOf = piece =>
    piece.split(/\$(\d+)\$/).map((one, i) => (i % 2 === 0 ? one : Number(one)))
  const pieces = new Map(paths.map((path, i) => [path, pieceOf(rest[2 * i + 1])]))
  const needs = new Map(
    paths.map(path => {
      const imports = metafile.inputs[path]?.imports ?? []
      return [path, imports.map(one => one.path).filter(one => pieces.has(one) && one !== path)]
    }),
  )
  return { head: pieceOf(head), pieces, needs, names, owners, groups }
}

function sizeOf({ head, pieces, needs }, order, names) {
  const placed = new Set()
  let text = ''
  const say = piece => {
    for (const one of piece) text += typeof one === 'number' ? names[one] : one
  }
  const place = path => {
    if (placed.has(path)) return
    placed.add(path)
    for (const needed of needs.get(path)) place(needed)
    say(pieces.get(path))
  }
  say(head)
  order.forEach(place)
  return gzipSync(text, { level: 9 }).length
}

function moved(order, random) {
  const other = [...order]
  const some = other.splice(random(other.length), 1 + random(1 + random(12)))
  other.splice(random(other.length + 1), 0, ...some)
  return other
}

function swapped(names, groups, random) {
  const group = random(2) === 0 ? groups[0] : groups[random(groups.length)]
  const a = group[random(group.length)]
  const b = group[random(group.length)]
  const other = [...names]
  other[a] = names[b]
  other[b] = names[a]
  return other
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

function dice(seed) {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return Math.floor((state / 0x8000_0000) * below)
  }
}

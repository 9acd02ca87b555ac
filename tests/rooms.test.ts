// The compiler lets a room import what its references refer to in turn. What stands in its own references is all it may enter.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const ROOMS = ['src', 'signaling-server', 'web', 'e2e']
  .flatMap(folder => filesOf(folder))
  .filter(file => file.endsWith('/tsconfig.json'))
  .map(file => dirname(file))

it.each(ROOMS)('%s imports from rooms that it refers to, and from no others', room => {
  const allowed = new Set([room, ...referencesOf(room)])
  const entered = filesOf(room)
    .filter(file => /(?<!\.(test|suite))\.tsx?$/.test(file) && roomOf(file) === room)
    .flatMap(file => importsOf(file))
  expect([...new Set(entered.filter(to => !allowed.has(to)))]).toEqual([])
  expect(entered.length).toBeGreaterThan(0)
})

function referencesOf(room: string): string[] {
  const { references = [] } = JSON.parse(readFileSync(join(ROOT, room, 'tsconfig.json'), 'utf8'))
  return references.map(({ path }: { path: string }) => join(room, path))
}

/** The rooms of what a file imports by its path. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path]) => path!)
  return paths.flatMap(path => roomOf(relative(ROOT, resolve(ROOT, dirname(file), path))) ?? [])
}

/** The innermost. */
function roomOf(file: string): string | undefined {
  return ROOMS.filter(room => file.startsWith(`${room}/`)).sort((a, b) => b.length - a.length)[0]
}

function filesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(file =>
    join(folder, file),
  )
}

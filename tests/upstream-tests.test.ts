import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

// docs/upstream-tests.md names laws by file and title; files move and titles change.

const page = read('docs/upstream-tests.md')

describe('docs/upstream-tests.md', () => {
  it('speaks of all 24 tests', () => {
    const [, the24] = page.split('\n## ')
    const rows = the24!
      .split('\n')
      .filter(line => line.startsWith('| '))
      .slice(1)
    const names = rows.flatMap(row => row.split(' | ')[0]!.slice(2).split(', '))
    expect(new Set(names).size).toBe(24)
  })

  it('names only laws that are there', () => {
    const named = [...page.matchAll(/`([\w./-]+\.ts)`: ((?:"[^"]+"(?:, )?)+)/g)]
    const gone = named.flatMap(([, path, titles]) => {
      const text = read(path!)
      const quoted = [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => title!)
      return quoted.filter(title => !text.includes(title)).map(title => `${path}: ${title}`)
    })
    expect(named.length).toBeGreaterThan(40)
    expect(gone).toEqual([])
  })
})

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8')
}

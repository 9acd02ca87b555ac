import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

// The formatter and the compiler read no prose: what a merge left in a page would stay there.

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const pages = ['.', 'docs', 'docs/decisions']
  .flatMap(folder => readdirSync(`${ROOT}/${folder}`).map(name => `${folder}/${name}`))
  .filter(name => name.endsWith('.md'))

describe('the pages of the documentation', () => {
  it.each(pages)('%s holds one side of every merge', page => {
    const text = readFileSync(`${ROOT}/${page}`, 'utf8')
    expect(text.match(/^(<{7}|={7}|>{7})( .*)?$/gm) ?? []).toEqual([])
  })
})

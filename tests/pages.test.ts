import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

// The formatter and the compiler read no prose: what a merge left in a page would stay there.

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const pages = ['.', 'docs', 'docs/decisions', 'examples']
  .flatMap(folder => readdirSync(`${ROOT}/${folder}`).map(name => `${folder}/${name}`))
  .filter(name => name.endsWith('.md'))

describe('the pages of the documentation', () => {
  it.each(pages)('%s holds one side of every merge', page => {
    const text = readFileSync(`${ROOT}/${page}`, 'utf8')
    expect(text.match(/^(<{7}|={7}|>{7})( .*)?$/gm) ?? []).toEqual([])
  })

  // To files, for no index of a folder is shown where the package is installed, nor in the API reference.
  it.each(pages)('%s links to files that are there, in the package too', page => {
    const text = readFileSync(`${ROOT}/${page}`, 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link!)
    const isPublished = (link: string) => {
      const target = resolve(ROOT, dirname(page), link)
      const isFile = statSync(target, { throwIfNoEntry: false })?.isFile() ?? false
      return isFile && /^(docs|examples|[^/]+$)/.test(relative(ROOT, target).replaceAll('\\', '/'))
    }
    expect(links.filter(link => !isPublished(link))).toEqual([])
  })

  it('list every decision, under its title', () => {
    const index = readFileSync(`${ROOT}/docs/decisions/README.md`, 'utf8')
    const listed = [...index.matchAll(/^\* \[(\d{4})\]\((.*)\): (.*)$/gm)]
    const files = readdirSync(`${ROOT}/docs/decisions`).filter(name => name !== 'README.md')
    expect(listed.map(([, , file]) => file)).toEqual(files.sort())
    for (const [, number, file, title] of listed) {
      expect(file!.slice(0, 4)).toBe(number)
      const [head] = readFileSync(`${ROOT}/docs/decisions/${file}`, 'utf8').split('\n')
      expect(head!.replace(/^# (\d+[.:] )?/, '').toLowerCase(), file).toBe(title!.toLowerCase())
    }
  })
})

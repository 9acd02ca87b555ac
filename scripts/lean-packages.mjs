// Plugins for esbuild: packages without what a page's worker never does with them (docs/decisions/0003-simple-peer-without-streams.md).
// Where a source is changed it is the installed one, and where a line is no longer what is written here, the build fails.

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Without iterators of cursors, shortcuts of databases and what else `src/storage` does not ask: it is half of it. */
export const leanIdb = lean('idb', /[/\\]idb[/\\]build[/\\]index\.js$/, [
  [/\nconst readMethods = [\s\S]*?\n}\)\);\n/, '\n'],
  [/\nconst advanceMethodProps = [\s\S]*?\n}\)\);\n/, '\n'],
  [/\nfunction replaceTraps\([\s\S]*?\n}\n/, '\n'],
  [/\n {4}(?:set|has)\(target, prop[^)]*\) {\n[\s\S]*?\n {4}},/g, ''],
  [/\n {12}if \(prop === 'store'\) {\n[\s\S]*?\n {12}}/, ''],
  [/blocked, upgrade/, 'upgrade'],
  // Listeners that are called once, and whose other halves harm nobody.
  [/\n {8}const unlisten = \(\) => {\n[\s\S]*?\n {8}};/g, ''],
  [/\n {12}unlisten\(\);/g, ''],
  [
    /addEventListener\('(success|complete|error|abort)', (\w+)\)/g,
    "addEventListener('$1', $2, { once: true })",
  ],
  // What is always given.
  [/\n {4}if \(upgrade\) {\n([\s\S]*?)\n {4}}/, '\n$1'],
  [/if \((?:terminated|blocking)\)/g, ''],
  [/\n {4}if \(blocked\) {\n[\s\S]*?event\)\);\n {4}}/, ''],
])

/** A fifth of it, by another hand: `src/signaling/messages.ts` stops at the first issue, and reads its `type`, `message`, `expected` and `path`. */
export const leanValibot = {
  name: 'lean-valibot',
  setup(build) {
    const path = fileURLToPath(new URL('./valibot/read.mjs', import.meta.url))
    build.onResolve({ filter: /^valibot$/ }, () => ({ path }))
  },
}

function lean(name, file, changes) {
  return {
    name: `lean-${name}`,
    setup(build) {
      // Where an extra takes the worker's own copy, there is no file to read.
      build.onLoad({ filter: file, namespace: 'file' }, async ({ path }) => {
        let contents = await readFile(path, 'utf8')
        for (const [unused, instead] of changes) {
          if (contents.search(unused) < 0)
            throw new Error(`${name} has nothing like ${unused} any more`)
          contents = contents.replace(unused, instead)
        }
        return { contents }
      })
    },
  }
}

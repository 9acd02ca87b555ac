// Plugins for esbuild: packages without what a page's worker never does with them. The sources of the packages are the
// installed ones; where a line is no longer what is written here, the build fails
// (docs/decisions/0003-simple-peer-without-streams.md).

import { readFile } from 'node:fs/promises'

/** Without iterators of cursors and shortcuts of databases, half of it: `src/storage` asks stores of transactions. */
export const leanIdb = lean('idb', /[/\\]idb[/\\]build[/\\]index\.js$/, [
  [/\nconst readMethods = [\s\S]*?\n}\)\);\n/, '\n'],
  [/\nconst advanceMethodProps = [\s\S]*?\n}\)\);\n/, '\n'],
  [/\nfunction replaceTraps\([\s\S]*?\n}\n/, '\n'],
  [/\n {4}has\(target, prop\) {\n[\s\S]*?\n {4}},/, ''],
])

/**
 * Without languages, global settings, defaults, fallbacks and the interface for other libraries. `src/signaling/messages.ts` stops at
 * the first issue, and reads its `kind`, `type`, `message`, `expected` and `path`.
 */
export const leanValibot = lean('valibot', /[/\\]valibot[/\\]dist[/\\]index\.mjs$/, [
  [/(function _standardSchema\(schema\) {\n)[\s\S]*?(\treturn schema;)/, '$1$2'],
  [
    /(function safeParse\([^)]*\) {\n[^\n]*)\/\* @__PURE__ \*\/ getGlobalConfig\(config\$1\)/,
    '$1config$$1',
  ],
  [/ \?\? \/\* @__PURE__ \*\/ getSpecificMessage\(context\.reference, [^\n]*/, ';'],
  [/typeof message\$1 === "function" \? message\$1\(issue\) : message\$1/, 'message$$1'],
  [/\n\t\tinput,(?=\n\t\texpected,)/, ''],
  [/\n\t\trequirement: context\.requirement,/, ''],
  [/\n\t\tissues: other\?\.issues,\n\t\tlang: [^\n]*\n\t\tabortEarly: [^\n]*\n[^\n]*/, ''],
  [/\n\t\treference: \w+,/g, ''],
  [/\n\t\tasync: false,/g, ''],
  [/const pathItem = {[^}]*}/g, 'const pathItem = { key }'],
  [/path: \[{[^}]*}\]/g, 'path: [{ key }]'],
  [/(?<=key in input) \|\| \(valueSchema\.type [^\n]* !== void 0(?=\) {)/g, ''],
  [/key in input \? input\[key\] : \/\* @__PURE__ \*\/ getDefault\(valueSchema\)/g, 'input[key]'],
  [/else if \(valueSchema\.fallback !== void 0\) [^\n]*\n\t+(?=else if)/g, ''],
  [/ && valueSchema\.type !== "optional" && valueSchema\.type !== "nullish"/g, ''],
])

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

// Builds what the package ships, with esbuild (Vite's library mode breaks workers):
//   dist/index.js             the library: ESM, one file, every import inside but the next
//   dist/page-extra.js        what few pages need of the library, which it imports when one does
//   dist/worker.js            its worker: one self-contained script, no import, no export
//   dist/worker-history.js and others   its extras, which it loads when a topic asks (scripts/extras.mjs)
//   dist/inline.js            all in one: `gossamer/inline`, the worker as text, with its extras
//   dist/sim.js               the simulator: `gossamer/sim`, ES only
//   dist/testing.js           `gossamer/testing`, a mesh in memory
//   dist/testing-playwright.js  `gossamer/testing/playwright`, fixtures
//   dist/signaling-server.js  `gossamer/signaling-server`, which `npm start` attaches to the server of the page
//   dist/gossamer-signaling.js  the command of that name
//   dist/node.js              `gossamer/node`: what a worker is to a page, for a Node process
//   dist/gossamer-peer.js     the command of that name
//   dist/THIRD-PARTY.txt      the licences of what is inside of these
// `--clean` removes dist/ first. `--watch` builds again on every change, all but dist/inline.js. Types come from
// `tsc -b`, not from here.

import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { minify as compress } from '@swc/core'
import * as esbuild from 'esbuild'
import { minify as name } from 'vite'
import { withoutBareFields } from './bare-fields.mjs'
import { withChecker } from './checker.mjs'
import { EXTRAS, OF_THE_PAGE, OF_THE_WORKER, withExtras } from './extras.mjs'
import { leanIdb, leanValibot } from './lean-packages.mjs'
import { simplePeerWithoutStreams } from './lean-simple-peer.mjs'
import { writeNotices } from './notices.mjs'
import { withoutPrivateNames } from './private-names.mjs'
import { proveUnread, withoutUnread } from './unread.mjs'
import { shortenStrings, shortWords, withoutReasons } from './words.mjs'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
/** Of modules and names, for gzip: scripts/layout.mjs. */
const LAYOUT = JSON.parse(await readFile(resolve(ROOT, 'scripts/layout.json'), 'utf8'))

/** Builds everything once; rejects with a message for people where it can't. */
export async function buildLibrary() {
  const { library, worker, ...rest } = parts()
  const words = await ownWords()
  const [forPages] = await Promise.all([
    pageParts(words),
    ...Object.values(rest).map(options => esbuild.build(options)),
  ])
  await Promise.all(Object.values(forPages).map(buildForPages))
  const whole = await minified({ ...worker, ...words.worker })
  await buildForPages(inline({ ...library, ...words.library }, whole))
  await proveWorkerSurvives()
  await writeNotices(resolve(ROOT, 'dist'), ROOT)
}

/** The library once more, with a worker that has its extras inside as text. */
function inline(library, worker) {
  return {
    ...library,
    outfile: 'dist/inline.js',
    plugins: [...library.plugins, workerInside(worker)],
  }
}

/** The files that a page downloads: library and worker always, an extra where a topic asks for it. */
export async function pageParts(words) {
  const { library, worker } = parts()
  const ofWorker = await withExtras(
    { ...worker, ...words.worker, entryPoints: ['src/worker/main.ts'] },
    LAYOUT.worker.modules,
    OF_THE_WORKER,
  )
  const ofPage = await withExtras(
    { ...library, ...words.library, plugins: [extraBeside, ...library.plugins] },
    LAYOUT.library.modules,
    OF_THE_PAGE,
  )
  return {
    library: ofPage.main,
    worker: ofWorker.main,
    ...ofWorker.extras,
    'page-extra': ofPage.extras.page,
  }
}

/** As options for esbuild, which shortens names of properties; `minified` does so with strings. */
export async function ownWords() {
  const { library, worker } = parts()
  const { worker: lean } = await pageParts({})
  const read = async (options, lean) => {
    const unnamed = { write: false, metafile: true, minify: false, sourcemap: false }
    const { metafile } = await esbuild.build({ ...options, ...unnamed })
    const { outputFiles } = await esbuild.build({ ...lean, ...unnamed })
    return {
      text: outputFiles.find(({ path }) => path.endsWith('.js')).text,
      foreign: Object.keys(metafile.inputs).filter(path => !path.startsWith('src/')),
    }
  }
  const said = await Promise.all([read(library, library), read(worker, lean)])
  said[0].wish = LAYOUT.library.words
  said[1].wish = LAYOUT.worker.words
  return withChecker(ROOT, async checked => {
    proveUnread(checked)
    const [ofLibrary, ofWorker] = await shortWords(checked, said)
    return { library: shortening(ofLibrary), worker: shortening(ofWorker) }
  })
}

function shortening(mangleCache) {
  return { mangleProps: new RegExp(`^(?:${Object.keys(mangleCache).join('|')})$`), mangleCache }
}

async function watchLibrary() {
  const contexts = await Promise.all(
    Object.entries(parts()).map(([name, options]) =>
      esbuild.context({ ...options, logLevel: 'silent', plugins: [narrate(name)] }),
    ),
  )
  await Promise.all(contexts.map(context => context.watch()))
}

/** What pages download is bundled by one, made short by another and named by a third, each the best at it: 4 % less than by one. */
async function buildForPages(options) {
  const text = await minified(options)
  await mkdir(resolve(ROOT, 'dist'), { recursive: true })
  await Promise.all(Object.entries(text).map(([path, content]) => writeFile(path, content)))
}

/** Contents by path. What is bundled goes through `marked` first; `wishOf` is for private names. */
export async function minified(
  options,
  { marked = text => text, wishOf = name => lettersOf(options)[name] } = {},
) {
  const { outputFiles } = await esbuild.build({
    ...options,
    minify: false,
    minifySyntax: !/worker/.test(options.outfile),
    write: false,
  })
  const outfile = resolve(ROOT, options.outfile)
  const mapfile = `${outfile}.map`
  const text = Object.fromEntries(outputFiles.map(({ path, text }) => [path, text]))
  text[outfile] = shortenStrings(marked(text[outfile]), options.mangleCache)
  text[outfile] = withoutUnread(text[outfile], options.mangleCache)
  text[outfile] = /worker/.test(options.outfile)
    ? withoutPrivateNames(withoutReasons(text[outfile], options.mangleCache), { wishOf })
    : withoutPrivateNames(text[outfile], { kept: IN_THE_HANDS_OF_APPLICATIONS, wishOf })
  text[outfile] = withoutBareFields(text[outfile], {
    kept: IN_THE_HANDS_OF_APPLICATIONS,
    short: options.mangleCache,
  })
  const module = options.format === 'esm'
  const short = await compress(text[outfile], {
    module,
    compress: { ecma: 2022, passes: 4, toplevel: true, sequences: false, booleans: false },
    mangle: false,
    format: { comments: false },
    sourceMap: { content: text[mapfile] },
  })
  const { code, map, errors } = await name(outfile, short.code, {
    module,
    compress: { target: options.target },
    mangle: { toplevel: true },
    codegen: { removeWhitespace: true },
    sourcemap: true,
    inputMap: JSON.parse(short.map),
  })
  if (errors.length > 0) throw new Error(`${options.outfile}: ${errors[0].message}`)
  text[outfile] = `${left(code).trimEnd()}\n//# sourceMappingURL=${basename(mapfile)}\n`
  text[mapfile] = JSON.stringify(map)
  return text
}

function lettersOf({ outfile }) {
  return LAYOUT[/worker/.test(outfile) ? 'worker' : 'library'].letters
}

/** The minifier drops what tells bundlers that an import is none of theirs, and writes the other as not all of them read it. */
function left(code) {
  return code
    .replace(/\bimport\(`([^`$]+)`\)/, 'import("$1")')
    .replace(/\bimport\((?=\w|`\$)/g, 'import(/* webpackIgnore: true */ /* @vite-ignore */ ')
}

function parts() {
  const common = {
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    sourcemap: true,
    target: 'es2022',
    // scripts/notices.mjs has them all.
    legalComments: 'none',
    logLevel: 'warning',
  }
  const server = { ...common, platform: 'node', format: 'esm', target: 'node20', minify: false }
  return {
    library: {
      ...common,
      entryPoints: ['src/index.ts'],
      outfile: 'dist/index.js',
      format: 'esm',
      platform: 'browser',
      plugins: [simplePeerWithoutStreams],
    },
    worker: {
      ...common,
      // With its extras inside: for dist/inline.js, and while sources are watched. What ships beside the library is lean.
      entryPoints: ['src/worker/whole-main.ts'],
      outfile: 'dist/worker.js',
      // Runs as a module and as a classic worker alike, and has nothing a bundler would have to resolve.
      format: 'iife',
      platform: 'browser',
      plugins: [leanIdb, leanValibot],
    },
    simulator: {
      ...common,
      entryPoints: ['src/sim/index.ts'],
      outfile: 'dist/sim.js',
      format: 'esm',
      platform: 'neutral',
      minify: false,
    },
    testing: {
      ...server,
      entryPoints: ['src/testing/index.ts'],
      outfile: 'dist/testing.js',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      // The app under test and its tests share one library.
      external: ['gossamer'],
    },
    'testing with Playwright': {
      ...server,
      entryPoints: ['src/testing/playwright.ts'],
      outfile: 'dist/testing-playwright.js',
      external: ['gossamer', 'gossamer/signaling-server'],
    },
    'signaling server': {
      ...server,
      entryPoints: ['signaling-server/index.ts'],
      outfile: 'dist/signaling-server.js',
      external: ['ws'],
    },
    'signaling command': {
      ...server,
      entryPoints: ['signaling-server/main.ts'],
      outfile: 'dist/gossamer-signaling.js',
      external: ['ws'],
      banner: { js: '#!/usr/bin/env node' },
    },
    node: {
      ...server,
      entryPoints: ['src/node/node-worker.ts'],
      outfile: 'dist/node.js',
      external: ['ws', 'node-datachannel'],
      plugins: [simplePeerWithoutStreams],
    },
    'peer command': {
      ...server,
      entryPoints: ['src/node/peer-main.ts'],
      outfile: 'dist/gossamer-peer.js',
      external: ['ws', 'node-datachannel'],
      plugins: [simplePeerWithoutStreams],
      banner: { js: '#!/usr/bin/env node' },
    },
  }
}

/** What few pages need lies beside the library; in all other builds it is inside. */
const extraBeside = {
  name: 'extra-beside',
  setup(build) {
    build.onResolve({ filter: /^\.\/own-extra\.js$/ }, () => ({
      path: resolve(ROOT, 'src/page/shipped-extra.ts'),
    }))
    build.onResolve({ filter: /^\.\/page-extra\.js$/ }, ({ path }) => ({ path, external: true }))
  },
}

/** In place of the worker beside the library: docs/decisions/0001-what-the-package-ships.md. */
const workerInside = worker => ({
  name: 'worker-inside',
  setup(build) {
    build.onResolve({ filter: /\/own-worker\.js$/ }, () => ({
      path: resolve(ROOT, 'src/page/inline-worker.ts'),
    }))
    build.onResolve({ filter: /\/what-to-try\.js$/ }, () => ({
      path: resolve(ROOT, 'src/page/inline-what-to-try.ts'),
    }))
    build.onResolve({ filter: /^gossamer-worker-text$/ }, ({ path }) => ({
      path,
      namespace: 'worker-text',
    }))
    build.onLoad({ filter: /.*/, namespace: 'worker-text' }, () => {
      // A map beside the file means nothing to a blob.
      const text = worker[resolve(ROOT, 'dist/worker.js')].replace(
        /\n\/\/# sourceMappingURL=.*\s*$/,
        '',
      )
      return { contents: `export const text = ${JSON.stringify(text)}`, loader: 'js' }
    })
  },
})

/**
 * Bundlers find the worker by this one expression; were it rewritten, apps would build without an error
 * and start without a worker.
 */
async function proveWorkerSurvives() {
  const library = await readFile(resolve(ROOT, 'dist/index.js'), 'utf8')
  if (!WORKER_EXPRESSION.test(library)) {
    throw new Error(
      "dist/index.js lost `new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })`: " +
        'it must stand in the source as one expression.',
    )
  }
  for (const name of EXTRAS) {
    const { size } = await stat(resolve(ROOT, `dist/worker-${name}.js`))
    if (size <= 4096)
      throw new Error(`Vite makes a data: address of a file as small as worker-${name}.js.`)
    if (
      !new RegExp(`new URL\\((["'\`])\\./worker-${name}\\.js\\1,\\s*import\\.meta\\.url\\)`).test(
        library,
      )
    ) {
      throw new Error(`dist/index.js lost \`new URL('./worker-${name}.js', import.meta.url)\`.`)
    }
  }
  if (!library.includes('import("./page-extra.js")'))
    throw new Error('dist/index.js lost `import("./page-extra.js")`, which bundlers look for.')
  const worker = await readFile(resolve(ROOT, 'dist/worker.js'), 'utf8')
  for (const [name, text] of Object.entries({ library, worker }))
    if (!/import\(\s*\/\* webpackIgnore: true \*\/\s*\/\* @vite-ignore \*\/\s*[\w`]/.test(text))
      throw new Error(`The ${name} lost what tells bundlers to leave its import() alone.`)
}

function narrate(name) {
  return {
    name: 'narrate',
    setup(build) {
      build.onEnd(async result => {
        const messages = await esbuild.formatMessages(result.errors, { kind: 'error', color: true })
        for (const message of messages) console.error(message)
        if (messages.length === 0) {
          console.log(`${name} → ${relative(ROOT, resolve(ROOT, build.initialOptions.outfile))}`)
        }
      })
    },
  }
}

/** Of the classes whose objects are, those that extend none. */
const IN_THE_HANDS_OF_APPLICATIONS = ['GossipSender', 'GossipReceiver', 'TopicPresence']
const WORKER_EXPRESSION =
  /new Worker\(new URL\((["'`])\.\/worker\.js\1,\s*import\.meta\.url\),\s*\{\s*type:\s*(["'`])module\2\s*\}\)/

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (process.argv.includes('--clean'))
      await rm(resolve(ROOT, 'dist'), { recursive: true, force: true })
    if (process.argv.includes('--watch')) await watchLibrary()
    else await buildLibrary()
  } catch (error) {
    // esbuild has already printed its own errors.
    if (!('errors' in error)) console.error(error.message)
    process.exitCode = 1
  }
}

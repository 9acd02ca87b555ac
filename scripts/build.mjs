// Builds what the package ships, with esbuild (Vite's library mode breaks workers):
//   dist/index.js             the library: ESM, one file, every import inside
//   dist/worker.js            its worker: one self-contained script, no import, no export
//   dist/sim.js               the simulator: `gossamer/sim`, ES only
//   dist/signaling-server.js  the bin `gossamer-signaling`
//   dist/signaling.js         createSignalingServer, which `npm start` attaches to the server of the page
// `--watch` builds again on every change. Types come from `tsc -b`, not from here.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import { minify } from 'vite'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Builds everything once; rejects with a message for people where it can't. */
export async function buildLibrary() {
  const { library, worker, ...servers } = parts()
  await Promise.all([
    ...Object.values(servers).map(options => esbuild.build(options)),
    ...[library, worker].map(buildForPages),
  ])
  await proveWorkerSurvives()
}

async function watchLibrary() {
  const contexts = await Promise.all(
    Object.entries(parts()).map(([name, options]) =>
      esbuild.context({ ...options, logLevel: 'silent', plugins: [narrate(name)] }),
    ),
  )
  await Promise.all(contexts.map(context => context.watch()))
}

/** What pages download goes through a second minifier, Vite's, which finds 3 % more. */
async function buildForPages(options) {
  const { outputFiles } = await esbuild.build({ ...options, write: false })
  const outfile = resolve(ROOT, options.outfile)
  await mkdir(dirname(outfile), { recursive: true })
  const text = Object.fromEntries(outputFiles.map(({ path, text }) => [path, text]))
  const { code, map, errors } = await minify(outfile, text[outfile], {
    module: options.format === 'esm',
    compress: { target: options.target },
    mangle: { toplevel: true },
    codegen: { removeWhitespace: true },
    sourcemap: true,
    inputMap: JSON.parse(text[`${outfile}.map`]),
  })
  if (errors.length > 0) throw new Error(`${options.outfile}: ${errors[0].message}`)
  text[outfile] = `${code.trimEnd()}\n//# sourceMappingURL=${basename(outfile)}.map\n`
  text[`${outfile}.map`] = JSON.stringify(map)
  await Promise.all(Object.entries(text).map(([path, content]) => writeFile(path, content)))
}

function parts() {
  const common = {
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    sourcemap: true,
    target: 'es2022',
    // The notices of bundled packages stand beside each file, not in what a page downloads.
    legalComments: 'external',
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
      entryPoints: ['src/worker/main.ts'],
      outfile: 'dist/worker.js',
      // Runs as a module and as a classic worker alike, and has nothing a bundler would have to resolve.
      format: 'iife',
      platform: 'browser',
    },
    simulator: {
      ...common,
      entryPoints: ['src/sim/index.ts'],
      outfile: 'dist/sim.js',
      format: 'esm',
      platform: 'neutral',
      minify: false,
    },
    'signaling server': {
      ...server,
      entryPoints: ['signaling-server/main.ts'],
      outfile: 'dist/signaling-server.js',
      external: ['ws'],
      banner: { js: '#!/usr/bin/env node' },
    },
    signaling: {
      ...server,
      stdin: { contents: SIGNALING_EXPORTS, resolveDir: resolve(ROOT, 'signaling-server') },
      outfile: 'dist/signaling.js',
      external: ['ws'],
    },
  }
}

/**
 * The ready-made simplepeer.min.js brings Node's streams and buffers, four fifths of its size, for a channel
 * the mesh does not use. Here its own source meets stand-ins: docs/decisions/0003-simple-peer-without-streams.md.
 */
const simplePeerWithoutStreams = {
  name: 'simple-peer-without-streams',
  setup(build) {
    const source = resolve(ROOT, 'node_modules/simple-peer/index.js')
    build.onResolve({ filter: /^simple-peer\/simplepeer\.min\.js$/ }, () => ({ path: source }))
    build.onLoad({ filter: /[/\\]simple-peer[/\\]index\.js$/ }, async ({ path }) => ({
      // Its diary, which nobody reads in a page: the minifier takes out what is never said.
      contents: (await readFile(path, 'utf8')).replaceAll('this._debug(', 'false && this._debug('),
    }))
    build.onResolve(
      { filter: /^(readable-stream|buffer|randombytes|debug)$/ },
      ({ path, importer }) =>
        importer === source
          ? { path: resolve(ROOT, `scripts/simple-peer/${path}.cjs`) }
          : undefined,
    )
  },
}

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

const SIGNALING_EXPORTS = `
export { readEnvironment } from './environment.ts'
export { turnCredentials } from './ice.ts'
export { createSignalingServer } from './server.ts'
`

const WORKER_EXPRESSION =
  /new Worker\(new URL\((["'`])\.\/worker\.js\1,\s*import\.meta\.url\),\s*\{\s*type:\s*(["'`])module\2\s*\}\)/

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (process.argv.includes('--watch')) await watchLibrary()
    else await buildLibrary()
  } catch (error) {
    // esbuild has already printed its own errors.
    if (!('errors' in error)) console.error(error.message)
    process.exitCode = 1
  }
}

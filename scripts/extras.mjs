// The worker and its extras: what only some topics need lies in files of its own, which the worker loads when a topic asks
// (docs/decisions/0012-extras-come-on-demand.md). An extra brings nothing that the worker has: where it imports a
// module that is in the worker, the build has it take the worker's own. Each file of one build carries its mark.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import * as esbuild from 'esbuild'

/** By the names that `src/worker/extras.ts` gives them. */
export const EXTRAS = ['history', 'full-mesh', 'more']

/** Where the worker's lie, and the library's own. */
export const OF_THE_WORKER = {
  names: EXTRAS,
  sourceOf: name => `./src/worker/${name}-extra.ts`,
  outfileOf: name => `dist/worker-${name}.js`,
}
export const OF_THE_PAGE = {
  names: ['page'],
  sourceOf: () => './src/page/extra.ts',
  outfileOf: () => 'dist/page-extra.js',
}

/**
 * Options for esbuild: of the worker, with its modules in an order like `order`, and of each extra by its name. `worker` are those of a
 * worker without extras.
 */
export async function withExtras(worker, order, { names, sourceOf, outfileOf }) {
  const root = worker.absWorkingDir
  const dry = { ...worker, write: false, metafile: true, logLevel: 'silent' }
  const { metafile } = await esbuild.build({
    ...dry,
    plugins: [...worker.plugins, sharing([], '')],
  })
  const [{ inputs }] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint)
  const isInWorker = path => (inputs[relative(root, path)]?.bytesInOutput ?? 0) > 0
  const exportsOf = await readExports(root, Object.keys(inputs))

  const extra = (name, build, callOf) => ({
    ...worker,
    entryPoints: undefined,
    stdin: {
      contents: `import { extra } from '${sourceOf(name)}'\ngive(extra)`,
      resolveDir: root,
    },
    outfile: outfileOf(name),
    format: 'esm',
    banner: { js: `export const build="${build}";export function install(take,give){` },
    footer: { js: '}' },
    plugins: [taking(root, isInWorker, exportsOf, callOf), ...worker.plugins],
  })
  const sources = new Set(Object.keys(inputs))
  /** As `path name`. */
  const taken = new Set()
  for (const name of names) {
    const byName = extra(name, '', each => `take(${JSON.stringify(each)})`)
    const built = await esbuild.build({ ...byName, write: false, metafile: true })
    for (const path of Object.keys(built.metafile.inputs)) sources.add(path)
    const text = built.outputFiles.find(({ path }) => path.endsWith('.js')).text
    for (const [, each] of text.matchAll(/\btake\("([^"]+)"\)/g)) taken.add(each)
    proveTaken(name, built.metafile, taken)
  }
  const build = await markOf(root, sources)
  const list = [...taken].sort()
  const said = Object.keys(inputs).filter(path => inputs[path].bytesInOutput > 0)
  const plugins = [...worker.plugins, sharing(list, build)]
  const lean = inOrder({ ...worker, plugins }, said, order)
  await proveLean({ ...dry, ...lean }, isInWorker)
  const byNumber = each => `take(${list.indexOf(each)})`
  return {
    main: lean,
    extras: Object.fromEntries(names.map(name => [name, extra(name, build, byNumber)])),
  }
}

/** What is imported of the worker's modules is taken from the worker. */
function taking(root, isInWorker, exportsOf, callOf) {
  return {
    name: 'taking',
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, pluginData, ...from }) => {
        if (pluginData === SEEN) return undefined
        const resolved = await build.resolve(path, { ...from, pluginData: SEEN })
        if (resolved.errors.length > 0 || !isInWorker(resolved.path)) return resolved
        return { path: relative(root, resolved.path), namespace: 'in-the-worker' }
      })
      build.onLoad({ filter: /./, namespace: 'in-the-worker' }, ({ path }) => ({
        contents: exportsOf
          .get(path)
          .map(name => `export const ${name} = /* @__PURE__ */ ${callOf(`${path} ${name}`)}`)
          .join('\n'),
      }))
    },
  }
}

/**
 * The same modules in an order that is good for gzip, which looks back no further than 32 KiB: as `scripts/layout.mjs` found it, as far as
 * their imports allow, and new ones beside those whose paths are next to theirs.
 */
export function inOrder(options, paths, order) {
  const places = new Map(order.map((path, i) => [path, i]))
  let place = -1
  const modules = paths
    .filter(path => path.startsWith('src/'))
    .sort()
    .map(path => {
      place = places.get(path) ?? place
      return { path, place }
    })
    .sort((a, b) => a.place - b.place)
  const contents = [
    ...modules.map(({ path }) => `import './${path}'`),
    ...options.entryPoints.map(path => `export * from './${path}'`),
  ].join('\n')
  return {
    ...options,
    entryPoints: undefined,
    stdin: { contents, resolveDir: options.absWorkingDir },
    plugins: [inSight, ...options.plugins],
  }
}

/** Nothing is used of such an import, and it would be left out. */
const inSight = {
  name: 'in-sight',
  setup(build) {
    const root = build.initialOptions.absWorkingDir
    build.onResolve({ filter: /^\.\/src\// }, ({ path, importer }) =>
      importer === '<stdin>' ? { path: resolve(root, path), sideEffects: true } : undefined,
    )
  },
}

/** Where the worker's own source says `gossamer-shared`. */
function sharing(taken, mark) {
  return {
    name: 'sharing',
    setup(build) {
      build.onResolve({ filter: /^gossamer-shared$/ }, ({ path }) => ({
        path,
        namespace: 'shared',
      }))
      build.onLoad({ filter: /.*/, namespace: 'shared' }, () => ({
        contents: [
          ...taken.map((each, i) => {
            const [path, name] = each.split(' ')
            return `import { ${name} as shared${i} } from './${path}'`
          }),
          `export const shared = [${taken.map((_, i) => `shared${i}`).join(', ')}]`,
          `export const build = '${mark}'`,
        ].join('\n'),
        resolveDir: build.initialOptions.absWorkingDir,
      }))
    },
  }
}

/** What each module exports, by its path. */
async function readExports(root, paths) {
  const modules = paths.filter(path => /\.m?[jt]s$/.test(path))
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: modules,
    outdir: 'dist',
    outbase: '.',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const exportsOf = new Map()
  for (const { entryPoint, exports } of Object.values(metafile.outputs)) {
    if (entryPoint !== undefined) exportsOf.set(entryPoint, exports)
  }
  return exportsOf
}

/** A module that the worker has too would have two states, of which each knows half. */
function proveTaken(name, { outputs }, taken) {
  const of = 'in-the-worker:'
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const isTaken = [...taken].some(each => `${of}${each}`.startsWith(`${path} `))
      if (path.startsWith(of) && bytesInOutput > 0 && !isTaken)
        throw new Error(`the extra ${name} has a copy of its own of ${path.slice(of.length)}`)
    }
  }
}

/** What extras take may itself need what no topic needs that has no extra: then it would lie in the worker for all. */
async function proveLean(dry, wasInWorker) {
  const { metafile } = await esbuild.build(dry)
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      if (
        bytesInOutput === 0 ||
        path.startsWith('shared:') ||
        wasInWorker(resolve(dry.absWorkingDir, path))
      )
        continue
      throw new Error(
        `${path} is in the worker only for what extras take from another module: part that module.`,
      )
    }
  }
}

async function markOf(root, sources) {
  const hash = createHash('sha256')
  for (const path of [...sources].sort()) {
    hash.update(await readFile(resolve(root, path)).catch(() => ''))
  }
  return hash.digest('hex').slice(0, 12)
}

const SEEN = Symbol('resolved')

// The worker and its extras: what only some topics need lies in files of its own, which the worker loads when a topic asks
// (docs/decisions/0010-extras-come-on-demand.md). An extra brings nothing that the worker has: where it imports a
// module that is in the worker, the build has it take the worker's own. Each file of one build carries its mark.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import * as esbuild from 'esbuild'

/** By the names that `src/worker/extras.ts` gives them. */
export const EXTRAS = ['history', 'full-mesh', 'presence']

/** Options for esbuild: of the worker, and of each extra by its name. `worker` are those of a worker without extras. */
export async function workerAndExtras(worker) {
  const root = worker.absWorkingDir
  const dry = { ...worker, write: false, metafile: true, logLevel: 'silent' }
  const { metafile } = await esbuild.build({ ...dry, plugins: [sharing([], '')] })
  const [{ inputs }] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint)
  const isInWorker = path => (inputs[relative(root, path)]?.bytesInOutput ?? 0) > 0
  const exportsOf = await readExports(root, Object.keys(inputs))

  const extra = (name, build) => ({
    ...worker,
    entryPoints: undefined,
    stdin: {
      contents: `import { extra } from './src/worker/${name}-extra.ts'\ngive(extra)`,
      resolveDir: root,
    },
    outfile: `dist/worker-${name}.js`,
    format: 'esm',
    banner: { js: `export const build="${build}";export function install(take,give){` },
    footer: { js: '}' },
    plugins: [taking(root, isInWorker, exportsOf)],
  })
  const sources = new Set(Object.keys(inputs))
  const taken = new Map()
  for (const name of EXTRAS) {
    const built = await esbuild.build({ ...extra(name, ''), write: false, metafile: true })
    for (const path of Object.keys(built.metafile.inputs)) sources.add(path)
    const text = built.outputFiles.find(({ path }) => path.endsWith('.js')).text
    for (const [, each] of text.matchAll(/\btake\("(\w+)"\)/g)) {
      taken.set(each, [...exportsOf].find(([, names]) => names.includes(each))[0])
    }
  }
  const build = await markOf(root, sources)
  const lean = { ...worker, plugins: [sharing([...taken], build)] }
  await proveLean(dry, lean.plugins, isInWorker)
  return {
    worker: lean,
    extras: Object.fromEntries(EXTRAS.map(name => [name, extra(name, build)])),
  }
}

/** What is imported of the worker's modules is taken from the worker. */
function taking(root, isInWorker, exportsOf) {
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
          .map(name => `export const ${name} = /* @__PURE__ */ take('${name}')`)
          .join('\n'),
      }))
    },
  }
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
          ...taken.map(([name, path]) => `import { ${name} } from './${path}'`),
          `export const shared = { ${taken.map(([name]) => name).join(', ')} }`,
          `export const build = '${mark}'`,
        ].join('\n'),
        resolveDir: build.initialOptions.absWorkingDir,
      }))
    },
  }
}

/** What each module exports, by its path. No two may share a name, for names are what extras ask by. */
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

/** What extras take may itself need what no topic needs that has no extra: then it would lie in the worker for all. */
async function proveLean(dry, plugins, wasInWorker) {
  const { metafile } = await esbuild.build({ ...dry, plugins })
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

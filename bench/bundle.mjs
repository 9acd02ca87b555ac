// The simulator in one file, made of the sources as they stand, so that what is measured is what stands there.

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'

/** Not from scripts/build.mjs, which brings 70 MB of minifiers along. */
export const ROOT = resolve(fileURLToPath(import.meta.url), '../..')

/** `text` is a module; `code` says which, whatever its comments. */
export async function bundleSimulator() {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [resolve(ROOT, 'src/sim/index.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    // Debuggers and profilers look there, not beside the module.
    sourceRoot: pathToFileURL(`${ROOT}/`).href,
    logLevel: 'warning',
    write: false,
  })
  const [{ text }] = outputFiles
  const bare = await esbuild.transform(text, { minifyWhitespace: true, legalComments: 'none' })
  const code = createHash('sha256').update(bare.code).digest('hex').slice(0, 12)
  return { text, code }
}

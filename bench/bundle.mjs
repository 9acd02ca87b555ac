// The simulator in one file, made of the sources as they stand, so that what is measured is what stands there.

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
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
    logLevel: 'warning',
    write: false,
  })
  const [{ text }] = outputFiles
  const [module] = text.split('\n//# sourceMappingURL=')
  const code = createHash('sha256')
    .update(module.replace(/^\s*\/\/.*$/gm, ''))
    .digest('hex')
    .slice(0, 12)
  return { text, code }
}

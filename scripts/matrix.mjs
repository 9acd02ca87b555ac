// `npm run test:matrix`: every law in every project, but those that say why not. What is given goes on to Playwright.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const cli = createRequire(import.meta.url).resolve('@playwright/test/cli')
const { status } = spawnSync(process.execPath, [cli, 'test', ...process.argv.slice(2)], {
  env: { ...process.env, GOSSAMER_MATRIX: 'whole' },
  stdio: 'inherit',
})
process.exitCode = status ?? 1

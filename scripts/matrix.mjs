// `npm run test:matrix`: every law of the chat page in every project, but those that say why not. What is given goes on to
// Playwright. The laws of the package belong to no browser; `npm test` runs them.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const PROJECTS = ['firefox', 'together', 'relayed', 'chromium']
const cli = createRequire(import.meta.url).resolve('@playwright/test/cli')
const given = process.argv.slice(2)
const isChosen = given.some(word => word.startsWith('--project'))
const projects = isChosen ? [] : PROJECTS.map(name => `--project=${name}`)
const { status } = spawnSync(process.execPath, [cli, 'test', ...projects, ...given], {
  env: { ...process.env, GOSSAMER_MATRIX: 'whole' },
  stdio: 'inherit',
})
process.exitCode = status ?? 1

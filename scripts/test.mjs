// `npm test`: finds or installs the browsers, runs the fast gate (`npm run check`), then the laws in the
// browser. The last line is the sum of unit and browser tests: "N passed, N failed". Exits with 1 where
// anything failed, or where tests should have run and did not.

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBrowsers } from './find-browsers.mjs'

const ROOT = resolve(fileURLToPath(import.meta.url), '../..')
const reports = await mkdtemp(join(tmpdir(), 'gossamer-test-'))
const steps = []
try {
  const browsers = await step('browsers', () => findBrowsers())
  const checked = await step('check', check)
  if (browsers !== undefined && checked !== undefined) {
    await step('laws in the browser', () => laws(browsers))
  }
} finally {
  await rm(reports, { recursive: true, force: true })
}
summarize()

/** Runs one part, times it, and counts its tests; a part that fails without a failed test counts as one. */
async function step(name, work) {
  console.log(`\n— ${name}`)
  const startedAt = performance.now()
  const outcome = { name, passed: 0, failed: 0, seconds: 0, problem: undefined }
  steps.push(outcome)
  try {
    const answer = await work(outcome)
    if (outcome.failed > 0) throw new Error(`${outcome.failed} failed`)
    return answer
  } catch (error) {
    outcome.problem = error.message
    if (outcome.failed === 0) outcome.failed = 1
    console.error(`${name}: ${error.message}`)
    return undefined
  } finally {
    outcome.seconds = (performance.now() - startedAt) / 1000
  }
}

async function check(outcome) {
  const report = join(reports, 'unit.json')
  const code = await run('npm', ['run', '--silent', 'check'], { UNIT_REPORT: report })
  const unit = await readReport(report)
  if (unit !== undefined) {
    outcome.passed = unit.numPassedTests
    // A file that does not load has no tests to fail.
    outcome.failed = Math.max(unit.numFailedTests, unit.success ? 0 : unit.numFailedTestSuites)
  }
  if (code !== 0) throw new Error(`npm run check ended with ${code}`)
  if (outcome.passed === 0) throw new Error('no unit test ran')
  return true
}

async function laws(browsers, outcome = steps.at(-1)) {
  const report = join(reports, 'laws.json')
  const cli = resolve(ROOT, 'node_modules/@playwright/test/cli.js')
  const code = await run(process.execPath, [cli, 'test', '--reporter=list,json,./e2e/report.ts'], {
    GOSSAMER_BROWSERS: JSON.stringify(browsers),
    PLAYWRIGHT_JSON_OUTPUT_FILE: report,
  })
  const stats = (await readReport(report))?.stats
  if (stats !== undefined) {
    outcome.passed = stats.expected
    outcome.failed = stats.unexpected + stats.flaky
  }
  if (code !== 0) throw new Error(`playwright test ended with ${code}`)
  if (outcome.passed === 0) throw new Error('no law ran')
  return true
}

function summarize() {
  const width = Math.max(...steps.map(({ name }) => name.length))
  console.log('')
  for (const { name, passed, failed, seconds, problem } of steps) {
    const counts = passed + failed > 0 ? `${passed} passed, ${failed} failed` : 'ok'
    const why = problem === undefined ? '' : ` (${problem.split('\n')[0]})`
    console.log(`${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${counts}${why}`)
  }
  const sum = key => steps.reduce((total, one) => total + one[key], 0)
  if (sum('failed') > 0) process.exitCode = 1
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
}

/** The exit code; a signal counts as 1. */
function run(command, args, env) {
  return new Promise((fulfil, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
    child.once('error', reject)
    child.once('exit', code => fulfil(code ?? 1))
  })
}

/** Undefined where the run ended before it wrote one. */
async function readReport(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

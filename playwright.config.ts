import { defineConfig } from '@playwright/test'
import type { ProjectSettings } from './e2e/fixtures.js'
import { inTheGate, leftOutOf, type Project } from './e2e/matrix.js'

/** The whole matrix takes twice as long as the gate: `npm run test:matrix`. */
const IS_WHOLE = process.env['GOSSAMER_MATRIX'] === 'whole'
const PACKAGE = /[/\\]e2e[/\\]package[/\\].+\.spec\.ts$/

export default defineConfig<object, ProjectSettings>({
  testDir: 'e2e',
  globalSetup: './e2e/build.ts',
  // On two cores: while one law waits, another one works, and a third leaves the cores less to wait for. No law looks at
  // the clock so closely that it would notice; the gate, which shares its machine, is still spared the third. A worker for each
  // project would start fewer browsers, and leaves the last project alone with the cores.
  workers: IS_WHOLE ? 3 : 2,
  fullyParallel: false,
  // A law that holds the second time did not hold.
  retries: 0,
  forbidOnly: true,
  // Twelve tabs take 10 s to open on two idle cores, and a minute on busy ones.
  timeout: 180_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['./e2e/report.ts']],
  outputDir: 'test-results',
  projects: [
    project('chromium', { kinds: ['chromium'] }),
    project('firefox', { kinds: ['firefox'] }),
    project('together', { kinds: ['chromium', 'firefox'] }),
    project('relayed', { kinds: ['chromium', 'firefox'], link: 'relayed' }),
    // What is installed from the packed tarball, in apps of their own.
    { name: 'package', testMatch: PACKAGE, use: { kinds: ['chromium'] } },
  ],
})

function project(name: Project, use: Partial<ProjectSettings>) {
  return {
    name,
    use,

    testIgnore: [PACKAGE, ...leftOutOf(name)],
    ...(IS_WHOLE || name === 'chromium' ? {} : { testMatch: inTheGate() }),
  }
}

import { defineConfig } from '@playwright/test'
import type { ProjectSettings } from './e2e/fixtures.js'
import { inTheGate, leftOutOf, type Project } from './e2e/matrix.js'

/** `npm run test:matrix`: every law in every project. */
const IS_WHOLE = process.env['GOSSAMER_MATRIX'] === 'whole'
const PACKAGE = /[/\\]e2e[/\\]package[/\\].+\.spec\.ts$/
/** A worker that goes on to another project starts its browsers anew. The gate has too little of each for that to matter. */
const ONE_WORKER = IS_WHOLE ? { workers: 1 } : {}
const CHROMIUM = project('chromium', { kinds: ['chromium'] })
const OTHERS = [
  project('firefox', { kinds: ['firefox'] }),
  project('together', { kinds: ['chromium', 'firefox'] }),
  project('relayed', { kinds: ['chromium', 'firefox'], link: 'relayed' }),
]

export default defineConfig<object, ProjectSettings>({
  testDir: 'e2e',
  globalSetup: './e2e/build.ts',
  // On two cores: while one law waits, another one works. No law looks at the clock so closely that it would notice.
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
    // The whole matrix has it last: whoever is done with another takes what is left of it, for it starts in a second.
    ...(IS_WHOLE ? [...OTHERS, CHROMIUM] : [CHROMIUM, ...OTHERS]),
    // What is installed from the packed tarball, in apps of their own.
    { name: 'package', testMatch: PACKAGE, use: { kinds: ['chromium'] } },
  ],
})

function project(name: Project, use: Partial<ProjectSettings>) {
  return {
    name,
    use,
    testIgnore: [PACKAGE, ...leftOutOf(name)],
    ...(name === 'chromium' ? {} : ONE_WORKER),
    ...(IS_WHOLE || name === 'chromium' ? {} : { testMatch: inTheGate() }),
  }
}

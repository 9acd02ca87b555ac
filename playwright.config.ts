import { defineConfig } from '@playwright/test'
import type { ProjectSettings } from './e2e/fixtures.js'
import { leftOutOf } from './e2e/matrix.js'

const PACKAGE = /[/\\]e2e[/\\]package[/\\].+\.spec\.ts$/

export default defineConfig<object, ProjectSettings>({
  testDir: 'e2e',
  globalSetup: './e2e/build.ts',
  // Two cores, and twelve tabs in one room: one law at a time.
  workers: 1,
  fullyParallel: false,
  // A law that holds the second time did not hold.
  retries: 0,
  forbidOnly: true,
  // Twelve tabs take 10 s to open on two idle cores, and a minute on busy ones.
  timeout: 180_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  outputDir: 'test-results',
  projects: [
    {
      name: 'chromium',
      testIgnore: [PACKAGE, ...leftOutOf('chromium')],
      use: { kinds: ['chromium'] },
    },
    {
      name: 'firefox',
      testIgnore: [PACKAGE, ...leftOutOf('firefox')],
      use: { kinds: ['firefox'] },
    },
    {
      name: 'together',
      testIgnore: [PACKAGE, ...leftOutOf('together')],
      use: { kinds: ['chromium', 'firefox'] },
    },
    {
      name: 'relayed',
      testIgnore: [PACKAGE, ...leftOutOf('relayed')],
      use: { kinds: ['chromium', 'firefox'], link: 'relayed' },
    },
    // What is installed from the packed tarball, in apps of their own.
    { name: 'package', testMatch: PACKAGE, use: { kinds: ['chromium'] } },
  ],
})

import { defineConfig } from '@playwright/test'
import type { ProjectSettings } from './e2e/fixtures.js'

/** The laws that hold in every browser, between browsers, and however bytes travel. */
const EVERYWHERE = [
  'a-message-reaches-everyone-in-a-room-of-twelve-exactly-once',
  'the-same-text-twice-arrives-twice',
  'a-reload-keeps-the-identity-and-redelivers-nothing',
  'two-tabs-of-one-browser-are-two-peers',
  'a-tab-that-is-closed-is-replaced-as-neighbor-within-seconds',
  'a-node-peer-and-two-tabs-talk',
].map(law => `${law}.spec.ts`)

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
    { name: 'chromium', testIgnore: PACKAGE, use: { kinds: ['chromium'] } },
    { name: 'firefox', testMatch: EVERYWHERE, use: { kinds: ['firefox'] } },
    { name: 'together', testMatch: EVERYWHERE, use: { kinds: ['chromium', 'firefox'] } },
    {
      name: 'relayed',
      testMatch: EVERYWHERE,
      use: { kinds: ['chromium', 'firefox'], link: 'relayed' },
    },
    // What is installed from the packed tarball, in apps of their own.
    { name: 'package', testMatch: PACKAGE, use: { kinds: ['chromium'] } },
  ],
})

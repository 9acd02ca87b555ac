import type { LaunchOptions } from 'playwright'

export function launchOptions(browser: {
  kind: string
  path?: string
  channel?: string
}): LaunchOptions

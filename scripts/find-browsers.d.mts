export interface FoundBrowser {
  kind: 'chromium' | 'firefox'
  /** Of the executable; absent for Playwright's own build. */
  path?: string
  /** `moz-firefox` drives a stock Firefox. */
  channel?: string
  /** Where it comes from, for people. */
  from: string
  version?: string
}

export function findBrowsers(options?: {
  say?: (line: string) => void
}): Promise<{ chromium: FoundBrowser; firefox: FoundBrowser }>

export function likelyBrowser(kind: FoundBrowser['kind']): FoundBrowser | undefined

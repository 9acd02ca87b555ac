// Finds a Chromium and a Firefox that the browser tests can drive, and installs what is missing.
//   node scripts/find-browsers.mjs            says in one line each what it found or did
//   node scripts/find-browsers.mjs --json     prints { chromium, firefox } as well, on the last line
//   CHROMIUM_PATH, FIREFOX_PATH               use these and look no further
// A browser counts as found when it starts, opens a page and has WebRTC: a file of the right name may
// be a stub. Playwright's own builds come first, since they were made for it, then the system's. Of Chromium the headless
// shell comes before the whole browser, as Playwright has it: the same engine without a window's frame, which nobody sees
// here, and which costs a sixth of what a tab with the chat does (measured, 8 tabs, three times each in turn).

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, firefox } from 'playwright'
import { launchOptions } from './launch-options.mjs'

/**
 * The first candidate of each kind that works; installs where none does. Rejects, saying what to do,
 * where that is impossible. `channel` and `path` go to Playwright as they are.
 */
export async function findBrowsers({ say = console.log } = {}) {
  const found = {}
  const reasons = {}
  for (const kind of KINDS) {
    const { browser, failures } = await firstWorking(kind)
    reasons[kind] = failures
    if (browser === undefined) continue
    found[kind] = browser
    say(`${TITLES[kind]}: ${browser.version}, ${browser.from}`)
  }
  const ways = [
    ...PACKAGES.map(packages => installWithApt.bind(null, packages)),
    installWithPlaywright,
  ]
  for (const install of ways) {
    // Where someone named an executable, another one is not what they asked for.
    const missing = KINDS.filter(kind => found[kind] === undefined && !process.env[OVERRIDES[kind]])
    if (missing.length === 0) break
    const how = install(missing, say)
    if (how === undefined) continue
    for (const kind of missing) {
      const { browser, failures } = await firstWorking(kind)
      reasons[kind] = failures
      if (browser === undefined) continue
      found[kind] = browser
      say(`${TITLES[kind]}: ${browser.version}, ${browser.from}, installed now ${how}`)
    }
  }
  const missing = KINDS.filter(kind => found[kind] === undefined)
  if (missing.length > 0) throw new Error(whatToDo(missing, reasons))
  return found
}

/** Where a browser would be, without starting it: for a test run that did not come through `npm test`. */
export function likelyBrowser(kind) {
  return candidates(kind)[0]
}

async function firstWorking(kind) {
  const failures = []
  for (const candidate of candidates(kind)) {
    try {
      return { browser: { ...candidate, version: await prove(candidate) }, failures }
    } catch (error) {
      failures.push(`${candidate.from}: ${firstLines(error.message)}`)
    }
  }
  return { browser: undefined, failures }
}

function candidates(kind) {
  const override = process.env[OVERRIDES[kind]]
  if (override) return [system(kind, override)]
  const own = TYPES[kind].executablePath()
  const list = existsSync(own) ? [{ kind, from: "Playwright's own" }] : []
  for (const path of new Set([...onPath(NAMES[kind]), ...PLACES[kind]])) {
    if (existsSync(path)) list.push(system(kind, path))
  }
  return list
}

function system(kind, path) {
  const from = `the system's ${path}`
  return kind === 'firefox' ? { kind, path, channel: 'moz-firefox', from } : { kind, path, from }
}

/** Starts it, opens a page, asks for WebRTC; answers with the version. */
async function prove(candidate) {
  const browser = await TYPES[candidate.kind].launch({
    ...launchOptions(candidate),
    timeout: START_WITHIN_MS,
  })
  try {
    const page = await browser.newPage()
    if (!(await page.evaluate(() => typeof RTCPeerConnection === 'function'))) {
      throw new Error('it has no WebRTC')
    }
    return browser.version()
  } finally {
    await browser.close()
  }
}

/** Returns how, for people, or undefined where this way is closed. */
function installWithApt(packages, kinds, say) {
  const names = kinds.flatMap(kind => packages[kind] ?? [])
  if (names.length === 0 || !isLinuxRoot() || onPath(['apt-get']).length === 0) return undefined
  say(
    `${kinds.map(kind => TITLES[kind]).join(' and ')} missing: apt-get install ${names.join(' ')}`,
  )
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = args => run('apt-get', ['-qq', ...args], env)
  if (!apt(['update'])) say('apt-get update failed; trying with the lists that are here')
  // One by one: a package that is not to be had would keep the other away.
  const installed = names.filter(name => {
    const done = apt(['install', '-y', '--no-install-recommends', name])
    if (!done) say(`apt-get install ${name} failed`)
    return done
  })
  return installed.length > 0 ? 'with apt-get' : undefined
}

function installWithPlaywright(kinds, say) {
  say(
    `${kinds.map(kind => TITLES[kind]).join(' and ')} missing: playwright install ${kinds.join(' ')}`,
  )
  const cli = resolve(ROOT, 'node_modules/playwright/cli.js')
  const playwright = command => run(process.execPath, [cli, command, ...kinds], process.env)
  const installed = playwright('install')
  if (!installed) say('playwright install failed')
  // What the builds need of the system only root may add; elsewhere the proof says what is lacking.
  else if (isLinuxRoot()) playwright('install-deps')
  return installed ? 'by Playwright' : undefined
}

/** What it prints goes to stderr, so that stdout stays one line each. */
function run(command, args, env) {
  const { status } = spawnSync(command, args, {
    env,
    stdio: ['ignore', 2, 2],
    timeout: INSTALL_WITHIN_MS,
  })
  return status === 0
}

function isLinuxRoot() {
  return process.platform === 'linux' && process.getuid?.() === 0
}

function whatToDo(missing, reasons) {
  const lines = missing.flatMap(kind => [
    `No ${TITLES[kind]} that the browser tests can drive.`,
    ...reasons[kind].map(reason => `  tried ${reason}`),
    `  Install one (Debian: apt-get install ${PACKAGES[0][kind]}; elsewhere: npx playwright install ${kind}),`,
    `  or name the executable: ${OVERRIDES[kind]}=/path/to/${kind} npm test`,
  ])
  return lines.join('\n')
}

function onPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(folder => folder !== '')
  return names.flatMap(name => folders.map(folder => join(folder, name))).filter(existsSync)
}

function firstLines(message) {
  return message.trim().split('\n').slice(0, 3).join(' · ')
}

const ROOT = resolve(fileURLToPath(import.meta.url), '../..')
const KINDS = ['chromium', 'firefox']
const TYPES = { chromium, firefox }
const TITLES = { chromium: 'Chromium', firefox: 'Firefox' }
const OVERRIDES = { chromium: 'CHROMIUM_PATH', firefox: 'FIREFOX_PATH' }
/** In order of preference: older systems lack the headless shell. */
const PACKAGES = [
  { chromium: 'chromium-headless-shell', firefox: 'firefox-esr' },
  { chromium: 'chromium' },
]
const NAMES = {
  chromium: [
    'chromium-headless-shell',
    'chromium',
    'google-chrome',
    'google-chrome-stable',
    'chromium-browser',
  ],
  firefox: ['firefox-esr', 'firefox'],
}
const PLACES = {
  chromium: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  ],
  firefox: [
    '/Applications/Firefox.app/Contents/MacOS/firefox',
    'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
  ],
}

/** Firefox takes 3 to 5 s on two busy cores; then room for a cold disk. Guess. */
const START_WITHIN_MS = 45_000

/** Two browsers over a slow line. Guess. */
const INSTALL_WITHIN_MS = 600_000

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const found = await findBrowsers()
    if (process.argv.includes('--json')) console.log(JSON.stringify(found))
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}

// `npm run lighthouse`: Lighthouse on the built chat page, in the Chromium of this machine; exits with 1 where
// accessibility or best practices score less than 95. npm fetches Lighthouse the first time; it is no dependency, for it is
// as large as all others together.
//   --no-build  measures what the last build left

import { spawn } from 'node:child_process'
import { chromium } from 'playwright'
import { findBrowsers } from './find-browsers.mjs'
import { launchOptions } from './launch-options.mjs'
import { freePort, served } from './served.mjs'

async function main() {
  const { chromium: found } = await findBrowsers({ say: () => {} })
  const port = await freePort()
  const page = await served(port, process.argv.includes('--no-build') ? ['--no-build'] : [])
  try {
    const url = `http://localhost:${port}/?room=lighthouse&name=Lighthouse`
    print(await lighthouse(url, found), found.version)
  } finally {
    page.kill()
  }
}

async function lighthouse(url, browser) {
  const { args, executablePath = chromium.executablePath() } = launchOptions(browser)
  const given = [
    ...['exec', '--yes', `--package=lighthouse@${VERSION}`, '--', 'lighthouse', url],
    ...['--quiet', '--output=json', `--only-categories=${Object.keys(LEAST).join()}`],
    `--chrome-flags=--headless=new ${args.map(arg => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ')}`,
  ]
  const out = await new Promise((fulfil, reject) => {
    const env = { ...process.env, CHROME_PATH: executablePath }
    const child = spawn('npm', given, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', chunk => (out += chunk))
    child.once('error', reject)
    child.once('exit', code =>
      code === 0 ? fulfil(out) : reject(new Error(`lighthouse ended with ${code}`)),
    )
  })
  return JSON.parse(out)
}

function print({ categories, audits, lighthouseVersion }, version) {
  console.log(`Lighthouse ${lighthouseVersion}, Chromium ${version}`)
  for (const [id, least] of Object.entries(LEAST)) {
    const { title, score, auditRefs } = categories[id]
    const points = Math.round(score * 100)
    console.log(`${title.padEnd(16)} ${String(points).padStart(3)} of at least ${least}`)
    if (points < least) process.exitCode = 1
    for (const { id } of auditRefs) {
      const audit = audits[id]
      if (audit.score !== null && audit.score < 1) console.log(`  ${audit.title} (${id})`)
    }
  }
}

/** The last for Node 20. */
const VERSION = '12.8.2'

const LEAST = { accessibility: 95, 'best-practices': 95 }

await main()

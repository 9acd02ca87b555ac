// The simulator's command.
//   npm run --silent sim -- SCENARIO [--nodes N] [--seeds 0,1,2,3] [--rounds R] [--latency 10-50|regions]
//     [--kill 0.5[,0.8…]] [--silent] [--server gone|carries] [--wire on|off] [--payload B] [--rate N] [--unsigned]
//     [--history PROTOCOL] [--protocol PROTOCOL] [--ops N] [--authors N] [--missing N]
//     [--baseline FILE] [--report FILE.html] [--json]
// Prints a table, or with --json one object and nothing else on stdout. Exits with 1 where --baseline finds a
// broken budget, with 2 where it was asked something it can't do, with 3 where it fails otherwise. Progress goes to stderr on a terminal, and of many
// peers elsewhere too: a line each percent.

import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bundleSimulator } from './bundle.mjs'

const MANY_NODES = 50_000
/** Below that there is room enough. */
const ROOM_BYTES = 1_900 * 2 ** 20
/** Swept where more than that may be waste; pages are emptied where more than that are holes. */
const MOST_OVER_LIVING = 1.1
/**
 * The heap while pages are emptied, in a run that is to keep within 3,000 MB with all that is no heap. More is taken only where
 * holes are half of what lives: then emptying gives back what it takes.
 */
const MOST_WHILE_EMPTIED_BYTES = 2_830 * 2 ** 20
let shownAt = 0
const METER = {
  elapsedMs: () => performance.now(),
  peakMemoryMB: () => process.resourceUsage().maxRSS / 1024,
}
let sim
let code
try {
  ;({ sim, code } = await loadSimulator())
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error)
  process.exitCode = 3
}

async function main(words) {
  if (words.includes('--help') || words.length === 0) {
    console.log(sim.usage())
    return words.length === 0 ? 2 : 0
  }
  const asked = sim.parseArguments(words)
  if ('problem' in asked) return refuse(asked.problem)
  const { scenario, settings, seeds, kills } = asked

  let baseline
  if (asked.baseline !== undefined) {
    try {
      baseline = JSON.parse(await readFile(asked.baseline, 'utf8'))
    } catch (error) {
      return refuse(`--baseline can't be read: ${error.message}`)
    }
    const problem = sim.incomparable({ scenario: scenario.name, settings, seeds }, baseline)
    if (problem !== undefined) return refuse(`--baseline does not fit: ${problem}.`)
  }

  if (asked.report !== undefined) {
    // Before what may take an hour, and without harm to a page that is there.
    try {
      await (await open(asked.report, 'a')).close()
    } catch (error) {
      return refuse(`--report can't be written: ${error.message}`)
    }
  }

  const tell = settings.nodes >= MANY_NODES ? watched(keepSmall()) : progress
  const report = sim.runScenario(scenario, settings, seeds, METER, tell)
  for (const kill of kills.slice(1)) {
    const other = sim.runScenario(scenario, { ...settings, kill }, seeds, METER, tell)
    report.distributions.failures.push(...other.distributions.failures)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const targets = sim.judge(scenario.target, report)
  const machine = `Node ${process.versions.node}, ${cpus()[0]?.model.trim()}`
  const printed = () => JSON.stringify({ ...(scenario.json?.(report) ?? report), code, machine })
  console.log(asked.json ? printed() : sim.table(report, targets, baseline))
  if (asked.report !== undefined) {
    await writeFile(asked.report, sim.page(report, targets, baseline))
  }
  if (baseline === undefined) return 0
  const broken = [
    ...sim
      .judge(scenario.budget, report)
      .filter(({ holds }) => !holds)
      .map(judged => sim.phrase(judged)),
    ...sim.regressions(report, baseline),
  ]
  for (const line of broken) console.error(`budget broken: ${line}`)
  return broken.length > 0 ? 1 : 0
}

function refuse(problem) {
  console.error(problem)
  return 2
}

function progress(share, doing) {
  if (!process.stderr.isTTY || performance.now() - shownAt < 100) return
  shownAt = performance.now()
  process.stderr.write(`\r\x1b[K${String(Math.floor(share * 100)).padStart(3)} %  ${doing}`)
}

function watched(keep) {
  const show = process.stderr.isTTY ? progress : logged
  return (share, doing) => {
    keep()
    show(share, doing)
  }
}

function logged(share, doing) {
  const percent = Math.floor(share * 100)
  if (percent === shownAt) return
  shownAt = percent
  const { maxRSS, userCPUTime } = process.resourceUsage()
  const used = `${Math.round(userCPUTime / 1e6)} s of CPU, ${Math.round(maxRSS / 1024)} MB`
  process.stderr.write(`${percent} %  ${doing}, ${used}\n`)
}

/**
 * Left alone the heap grows to several times of what lives before it is swept: too much where that is gigabytes. And what many
 * peers let go of leaves as many holes as peers, too small for what comes next; by itself the engine moves 4 MB at a sweep out
 * of their way. So where holes are more than a tenth of what lives after a sweep, every second page is emptied, which is what a
 * flag for the engine's own tests does: while it stands each second sweep would be a whole one. What is moved has two places
 * meanwhile, half of what lives: hence not where the heap only grew, nor where that would be too much. Returns what has to be
 * called often.
 */
function keepSmall() {
  setFlagsFromString('--no-incremental-marking')
  setFlagsFromString('--expose-gc')
  const sweep = runInNewContext('gc')
  let mostUsedBytes = 0
  return () => {
    const before = getHeapStatistics()
    // By what is used: the heap's size comes to a bound only by growing, and would grow with every sweep.
    if (before.total_heap_size < ROOM_BYTES || before.used_heap_size < mostUsedBytes) return
    sweep()
    const { total_heap_size: bytes, used_heap_size: livingBytes } = getHeapStatistics()
    mostUsedBytes = MOST_OVER_LIVING * livingBytes
    if (bytes - youngBytes() <= mostUsedBytes) return
    const isTooMuch = bytes + livingBytes / 2 > MOST_WHILE_EMPTIED_BYTES
    if (isTooMuch && bytes < 1.5 * livingBytes) return
    setFlagsFromString('--stress-compaction')
    sweep()
    setFlagsFromString('--no-stress-compaction')
  }
}

/** Empty after a sweep, and no hole. */
function youngBytes() {
  const young = getHeapSpaceStatistics().find(space => space.space_name === 'new_space')
  return young?.space_size ?? 0
}

async function loadSimulator() {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-sim-'))
  try {
    const { text, code } = await bundleSimulator()
    const file = join(folder, 'sim.mjs')
    await writeFile(file, text)
    return { sim: await import(pathToFileURL(file).href), code }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

// What a latecomer to a topic with history gets, and how fast: two tabs of Chromium, their storage on disk.
//   npm run --silent bench:history              a table
//   npm run --silent bench:history -- --json    the same as JSON, and nothing else on stdout
//   --ops N        messages the latecomer lacks, each said alone and so an op of its own, default 10,000
//   --disk N       messages on disk when the worker's memory is measured, default 100,000; 0 leaves that out
// The rate is told against the rate at which this browser verifies signatures, measured in the same run, for
// every message has one that must be.

import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright'
import { buildLibrary } from '../scripts/build.mjs'
import { likelyBrowser } from '../scripts/find-browsers.mjs'
import { launchOptions } from '../scripts/launch-options.mjs'
import { cpuBetween, cpuOf, processesOf } from './cpu.mjs'
import { servePages, startSignaling } from './stage.mjs'

async function main() {
  try {
    const report = await measure()
    if (asked.json) console.log(JSON.stringify(report, undefined, 2))
    else print(report)
    process.exitCode = report.targets.every(({ reached }) => reached) ? 0 : 1
  } catch (error) {
    if (!Array.isArray(error.errors)) console.error(error.stack)
    process.exitCode = 1
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

async function measure() {
  await buildLibrary()
  const found = likelyBrowser('chromium')
  if (found === undefined)
    throw new Error('no Chromium: node scripts/find-browsers.mjs installs one')
  const pageUrl = await servePages(closers)
  const signalingUrl = await startSignaling(closers)
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-bench-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  // Only a profile of its own keeps IndexedDB on disk.
  const context = await chromium.launchPersistentContext(folder, launchOptions(found))
  closers.push(() => context.close())
  const open = () => openTab(context, `${pageUrl}/pages/history.html`)

  const keeper = await open()
  const emptyWorkerMb = await joinTopic(keeper, signalingUrl).then(() => workerMb(keeper))
  const fillMs = await keeper.evaluate(
    ([ops, bytes]) => window.peer.fill(ops, bytes),
    [ops, PAYLOAD_BYTES],
  )
  // Longer than the broadcast offers what it has to newcomers.
  await pause(3_000)
  const latecomer = await open()
  const processes = await processesOf(context.browser(), [keeper, latecomer])
  const verifyBefore = await verifyRate(latecomer)
  await joinTopic(latecomer, signalingUrl)
  await keeper.evaluate(everyMs => window.peer.beat(everyMs), LIVE_EVERY_MS)
  const before = cpuOf(processes)
  const seen = await untilComplete(latecomer)
  const cpuUs = cpuBetween(before, cpuOf(processes), ops)
  // The same with nothing else to do, for comparison.
  await latecomer.evaluate(() => window.peer.forgetDelays())
  await pause(LIVE_ALONE_MS)
  const { delays: delaysAlone } = await latecomer.evaluate(() => window.peer.counted())
  await keeper.evaluate(() => window.peer.rest())
  const latecomerMb = await workerMb(latecomer)
  const verifyAfter = await verifyRate(latecomer)
  const kept = await latecomer.evaluate(() => window.peer.kept())
  await latecomer.close()

  const ratePerSecond = ((seen.fromHistory - 1) * 1_000) / (seen.lastAt - seen.firstAt)
  const verifyPerSecond = (verifyBefore + verifyAfter) / 2
  const report = {
    chromium: context.browser()?.version(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    ops,
    payloadBytes: PAYLOAD_BYTES,
    saidPerSecond: Math.round((ops * 1_000) / fillMs),
    complete: seen.fromHistory,
    kept,
    twice: seen.twice,
    lost: seen.lost,
    ratePerSecond: Math.round(ratePerSecond),
    verifyPerSecond: Math.round(verifyPerSecond),
    ratio: rounded(ratePerSecond / verifyPerSecond),
    live: {
      messages: seen.delays.length,
      medianMs: rounded(quantile(seen.delays, 0.5)),
      p99Ms: rounded(quantile(seen.delays, 0.99)),
      alone: {
        medianMs: rounded(quantile(delaysAlone, 0.5)),
        p99Ms: rounded(quantile(delaysAlone, 0.99)),
      },
    },
    // What the machine spent for each message, by thread; unlike the rate it does not hang on who else keeps it busy.
    cpuUs,
    workerMb: { empty: emptyWorkerMb, latecomer: latecomerMb },
    disk: disk > 0 ? await measureDisk(keeper, signalingUrl) : undefined,
  }
  return { ...report, targets: TARGETS.flatMap(target => judge(target, report)) }
}

/** The keeper's disk is filled up, and its tab loaded again: what its worker then holds is what it costs to have all that. */
async function measureDisk(keeper, signalingUrl) {
  await keeper.evaluate(
    ([ops, bytes]) => window.peer.fill(ops, bytes),
    [Math.max(0, disk - ops), PAYLOAD_BYTES],
  )
  await keeper.reload()
  await keeper.waitForFunction(() => window.bench !== undefined)
  const openedAt = Date.now()
  await joinTopic(keeper, signalingUrl)
  await keeper.evaluate(() => window.peer.firstKept())
  const firstKeptMs = Date.now() - openedAt
  const mb = await workerMb(keeper)
  const metrics = await keeper.evaluate(() => window.peer.gossip.metrics())
  return { ops: disk, firstKeptMs, workerMb: mb, corrupt: metrics['store-corruptOps'] ?? 0 }
}

async function openTab(context, url) {
  const tab = await context.newPage()
  debuggers.set(tab, await watchWorkers(context, tab))
  await tab.goto(url)
  await tab.waitForFunction(() => window.bench !== undefined)
  return tab
}

async function joinTopic(tab, signalingUrl) {
  await tab.evaluate(async signaling => {
    window.peer = await window.bench.HistoryPeer.open(signaling, 'bench')
  }, signalingUrl)
}

async function untilComplete(tab) {
  // The tabs are busy: who looks often makes them slower.
  let seen = await tab.evaluate(ops => window.peer.complete(ops, 1_000), ops)
  for (let idleMs = 0; seen.fromHistory + seen.lost < ops && idleMs < STUCK_MS; idleMs += 1_000) {
    const before = seen.fromHistory
    seen = await tab.evaluate(ops => window.peer.complete(ops, 1_000), ops)
    if (seen.fromHistory > before) idleMs = 0
  }
  return seen
}

function verifyRate(tab) {
  return tab.evaluate(
    ([bytes, forMs]) => window.bench.verifyRate(bytes, forMs),
    [PAYLOAD_BYTES + CANONICAL_BYTES, VERIFY_FOR_MS],
  )
}

/** The worker's heap after a collection, with what its typed arrays hold; by the browser's own debugger. */
async function workerMb(tab) {
  await pause(500)
  const ask = debuggers.get(tab)
  await ask('HeapProfiler.collectGarbage')
  const { usedSize, backingStorageSize = 0 } = await ask('Runtime.getHeapUsage')
  return rounded((usedSize + backingStorageSize) / (1 << 20))
}

/** Asks the newest worker of the tab. */
async function watchWorkers(context, tab) {
  const session = await context.newCDPSession(tab)
  let worker
  let next = 1
  const waiting = new Map()
  session.on('Target.attachedToTarget', ({ sessionId }) => {
    worker = sessionId
  })
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result, error } = JSON.parse(message)
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error !== undefined) asked?.reject(new Error(error.message))
    else asked?.fulfil(result)
  })
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  })
  return method =>
    new Promise((fulfil, reject) => {
      const id = next++
      waiting.set(id, { fulfil, reject })
      const message = JSON.stringify({ id, method, params: {} })
      session.send('Target.sendMessageToTarget', { sessionId: worker, message }).catch(reject)
    })
}

function judge({ name, wanted, read, atLeast }, report) {
  const got = read(report)
  if (got === undefined) return []
  return [{ name, wanted, got, reached: atLeast ? got >= wanted : got <= wanted }]
}

function print({ chromium: version, machine, targets, ...report }) {
  console.log(`Chromium ${version}, ${machine}\n`)
  const { live, workerMb: mb, disk: onDisk } = report
  console.log(`said                 ${report.saidPerSecond} a second, ${ops} of ${PAYLOAD_BYTES} B`)
  console.log(`to the latecomer     ${report.ratePerSecond} a second`)
  console.log(`signatures verified  ${report.verifyPerSecond} a second`)
  console.log(
    `live meanwhile       ${live.messages}, median ${live.medianMs} ms, p99 ${live.p99Ms} ms`,
  )
  console.log(`worker               ${mb.empty} MB empty, ${mb.latecomer} MB after the history`)
  if (onDisk !== undefined) {
    console.log(
      `with ${onDisk.ops} on disk   ${onDisk.workerMb} MB, first message shown ${onDisk.firstKeptMs} ms after opening`,
    )
  }
  console.log('')
  for (const { name, wanted, got, reached } of targets) {
    console.log(`${reached ? 'reached' : 'MISSED '}  ${name}: ${got} (wanted ${wanted})`)
  }
}

function quantile(numbers, at) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN
}

function rounded(value) {
  return Math.round(value * 100) / 100
}

function pause(ms) {
  return new Promise(fulfil => setTimeout(fulfil, ms))
}

function count(name, text, least) {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  console.error(`--${name} is "${text}"; it must be a whole number from ${least}.`)
  process.exit(1)
}

const PAYLOAD_BYTES = 200
/** What a signature covers besides the payload: domain, ids, numbers, parents. */
const CANONICAL_BYTES = 130
const LIVE_EVERY_MS = 10
const LIVE_ALONE_MS = 3_000
const VERIFY_FOR_MS = 1_500
/** A history that brings nothing new for so long has stopped. Guess. */
const STUCK_MS = 15_000

const TARGETS = [
  { name: 'messages that did not come', wanted: 0, atLeast: false, read: r => r.ops - r.complete },
  { name: 'delivered twice', wanted: 0, atLeast: false, read: r => r.twice },
  { name: 'rate, ratio to signature verification', wanted: 0.4, atLeast: true, read: r => r.ratio },
  { name: 'live meanwhile, p99 ms', wanted: 100, atLeast: false, read: r => r.live.p99Ms },
  {
    name: 'worker with all that on disk, MB above an empty one',
    wanted: 16,
    atLeast: false,
    read: r => r.disk && rounded(r.disk.workerMb - r.workerMb.empty),
  },
]

const { values: asked } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    ops: { type: 'string', default: '10000' },
    disk: { type: 'string', default: '100000' },
  },
})
const ops = count('ops', asked.ops, 1)
const disk = count('disk', asked.disk, 0)
const closers = []
const debuggers = new WeakMap()

await main()

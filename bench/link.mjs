// What the mesh costs on one link: a bare RTCDataChannel between two tabs of Chromium, then Gossamer between
// the same two tabs, in turns, so that a noisy machine is unfair to both alike.
//   npm run --silent bench:link              a table
//   npm run --silent bench:link -- --json    the same as JSON, and nothing else on stdout
//   --rounds N     turns of each way, default 3; throughput is their median
//   --seconds S    how long each flood lasts, default 1.5
//   --size BYTES   of this payload size alone
//   --cpu          instead: CPU time per message of each thread of the browser, µs (Linux only)
// `raw` is the better of two bare channels, one used in the page, as it is without Gossamer ("to page"), and one lent
// to a worker. The receiving side counts in the page (raw in a worker: there), Gossamer through its public API.
// A flood is of an app that does not wait for each message to leave: up to 2,048 of them or 1 MiB are under way, and whenever
// the app hears that some have left it says as many more, in one task. Gossamer puts the small of these together.

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright'
import { buildLibrary } from '../scripts/build.mjs'
import { likelyBrowser } from '../scripts/find-browsers.mjs'
import { launchOptions } from '../scripts/launch-options.mjs'
import { cpuBetween, cpuOf, processesOf } from './cpu.mjs'
import { servePages, startSignaling } from './stage.mjs'

async function main() {
  try {
    const { browser, tabs } = await connect()
    if (asked.cpu) return console.log(JSON.stringify(await account(browser, tabs), undefined, 2))
    const report = await measure(browser, tabs)
    if (asked.json) console.log(JSON.stringify(report, undefined, 2))
    else print(report)
  } catch (error) {
    // esbuild has already printed its own errors.
    if (!Array.isArray(error.errors)) console.error(error.stack)
    process.exitCode = 1
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

async function connect() {
  await buildLibrary()
  const found = likelyBrowser('chromium')
  if (found === undefined)
    throw new Error('no Chromium: node scripts/find-browsers.mjs installs one')
  const pageUrl = await servePages(closers)
  const signalingUrl = await startSignaling(closers)
  const browser = await chromium.launch(launchOptions(found))
  closers.push(() => browser.close())
  const context = await browser.newContext()
  const tabs = [await context.newPage(), await context.newPage()]
  for (const tab of tabs) {
    await tab.goto(`${pageUrl}/pages/link.html`)
    await tab.waitForFunction(() => window.bench !== undefined)
  }
  for (const way of ['RawInPage', 'RawInWorker']) await connectRaw(tabs, way)
  await connectMesh(tabs, signalingUrl)
  return { browser, tabs }
}

async function measure(browser, tabs) {
  const payloads = {}
  for (const size of sizes) payloads[size] = await compare(tabs, size)
  return {
    chromium: browser.version(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    rounds,
    floodSeconds: floodMs / 1_000,
    roundTrips: ROUND_TRIPS,
    payloads,
    targets: TARGETS.filter(({ size }) => size in payloads).map(target => judge(target, payloads)),
  }
}

/** Of the median flood in CPU time. */
async function account(browser, tabs) {
  const processes = await processesOf(browser, tabs)
  const accounts = {}
  for (const size of sizes) {
    const floods = Object.fromEntries(WAYS.map(way => [way, []]))
    for (let round = 0; round < rounds; round++) {
      for (const way of WAYS) {
        const before = cpuOf(processes)
        const { messages } = await floodOnce(tabs, way, size)
        floods[way].push(cpuBetween(before, cpuOf(processes), messages))
      }
    }
    accounts[`${size} B`] = Object.fromEntries(
      WAYS.map(way => [way, floods[way].sort((a, b) => a.sum - b.sum)[rounds >> 1]]),
    )
  }
  return accounts
}

/** All ways in turn, as often as there are rounds. */
async function compare(tabs, size) {
  const rates = Object.fromEntries(WAYS.map(way => [way, []]))
  const lost = Object.fromEntries(WAYS.map(way => [way, 0]))
  const lagged = Object.fromEntries(WAYS.map(way => [way, 0]))
  const trips = Object.fromEntries(WAYS.map(way => [way, []]))
  const slice = Math.ceil(ROUND_TRIPS / rounds)
  for (let round = 0; round < rounds; round++) {
    for (const way of WAYS) {
      const flood = await floodOnce(tabs, way, size)
      rates[way].push(flood.rate)
      lost[way] += flood.lost
      lagged[way] += flood.lagged
    }
    for (const way of WAYS) trips[way].push(...(await tripsOnce(tabs, way, size, slice)))
  }
  const ways = {}
  for (const way of WAYS) {
    ways[way] = {
      messagesPerSecond: Math.round(median(rates[way])),
      meanRoundTripMs: rounded(mean(trips[way])),
      medianRoundTripMs: rounded(median(trips[way])),
      lost: lost[way],
      lagged: lagged[way],
      rates: rates[way].map(Math.round),
    }
  }
  const raw = {
    inPage: ways.RawInPage,
    inWorker: ways.RawInWorker,
    messagesPerSecond: Math.max(
      ways.RawInPage.messagesPerSecond,
      ways.RawInWorker.messagesPerSecond,
    ),
    meanRoundTripMs: Math.min(ways.RawInPage.meanRoundTripMs, ways.RawInWorker.meanRoundTripMs),
  }
  return {
    raw,
    unsigned: against(raw, ways.unsigned),
    signed: against(raw, ways.signed),
  }
}

function against(raw, way) {
  return {
    ...way,
    ratio: rounded(way.messagesPerSecond / raw.messagesPerSecond),
    ratioToRawInPage: rounded(way.messagesPerSecond / raw.inPage.messagesPerSecond),
    addedRoundTripMs: rounded(way.meanRoundTripMs - raw.meanRoundTripMs),
  }
}

/** Messages per second as the receiver counts them, from the first to the last. */
async function floodOnce([from, to], way, size) {
  await call(to, way, 'count')
  const sent = await call(from, way, 'flood', size, floodMs)
  let seen = await call(to, way, 'counted')
  let progressAt = Date.now()
  while (seen.messages + seen.lost < sent && Date.now() - progressAt < STUCK_MS) {
    const before = seen.messages + seen.lost
    await new Promise(fulfil => setTimeout(fulfil, 20))
    seen = await call(to, way, 'counted')
    if (seen.messages + seen.lost > before) progressAt = Date.now()
  }
  // The mesh says so where its reader did not keep up; anything else that does not come is lost without a word.
  const lagged = seen.lost
  const lost = sent - seen.messages - lagged
  const rate = ((seen.messages - 1) * 1_000) / (seen.last - seen.first)
  return { rate, lost, lagged, messages: seen.messages }
}

async function tripsOnce([from, to], way, size, times) {
  await call(to, way, 'echo')
  return call(from, way, 'roundTrips', size, times)
}

function call(tab, way, method, ...args) {
  return tab.evaluate(
    ([way, method, args]) => window.lines[way].call(method, ...args),
    [way, method, args],
  )
}

async function connectRaw([a, b], way) {
  for (const tab of [a, b]) {
    await tab.evaluate(way => {
      window.lines ??= {}
      window.lines[way] = new window.bench[way]()
    }, way)
  }
  const offer = await a.evaluate(way => window.lines[way].offer(), way)
  const answer = await b.evaluate(([way, offer]) => window.lines[way].answer(offer), [way, offer])
  await a.evaluate(([way, answer]) => window.lines[way].accept(answer), [way, answer])
  for (const tab of [a, b]) await call(tab, way, 'opened')
}

async function connectMesh(tabs, signalingUrl) {
  for (const tab of tabs) {
    await tab.evaluate(async signaling => {
      // A bare channel queues what its page has not read without end; the mesh as much as it is let.
      const subscriptionCapacity = 65_536
      const topics = {
        unsigned: { signed: false, subscriptionCapacity },
        signed: { subscriptionCapacity },
      }
      Object.assign(window.lines, await window.bench.openMesh(signaling, topics))
    }, signalingUrl)
  }
  for (const tab of tabs) for (const way of ['unsigned', 'signed']) await call(tab, way, 'opened')
}

function judge({ name, wanted, atLeast, read }, payloads) {
  const got = read(payloads)
  return { name, wanted, got, reached: atLeast ? got >= wanted : got <= wanted }
}

function print({ chromium: version, machine, payloads, targets, roundTrips }) {
  console.log(
    `Chromium ${version}, ${machine}; ${rounds} turns of ${floodMs / 1_000} s, ${roundTrips} round trips\n`,
  )
  console.log('payload   way        messages/s   ratio   to page   mean round trip    added')
  for (const [size, { raw, unsigned, signed }] of Object.entries(payloads)) {
    for (const [way, one] of Object.entries({ raw, unsigned, signed })) {
      const line = [
        `${size} B`.padEnd(9),
        way.padEnd(8),
        String(one.messagesPerSecond).padStart(12),
        (one.ratio?.toFixed(2) ?? '').padStart(7),
        (one.ratioToRawInPage?.toFixed(2) ?? '').padStart(9),
        `${one.meanRoundTripMs.toFixed(2)} ms`.padStart(17),
        one.addedRoundTripMs === undefined
          ? ''
          : `${one.addedRoundTripMs.toFixed(2)} ms`.padStart(8),
      ]
      console.log(line.join(' '), told(one))
    }
  }
  console.log('')
  for (const { name, wanted, got, reached } of targets) {
    console.log(`${reached ? 'reached' : 'MISSED '}  ${name}: ${got} (wanted ${wanted})`)
  }
}

function told({ lost, lagged }) {
  return [lost && `${lost} lost`, lagged && `${lagged} told as lagged`].filter(Boolean).join(', ')
}

function positive(name, text) {
  const value = Number(text)
  if (value > 0) return value
  console.error(`--${name} is "${text}"; it must be a number above 0.`)
  process.exit(1)
}

function mean(numbers) {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function rounded(value) {
  return Math.round(value * 100) / 100
}

const SIZES = [100, 1_024, 16_384]
const WAYS = ['RawInPage', 'unsigned', 'RawInWorker', 'signed']
const ROUND_TRIPS = 2_000

/** A flood that brings nothing new for so long has lost the rest. Guess. */
const STUCK_MS = 3_000

const TARGETS = [
  {
    name: 'unsigned 16 KiB, ratio',
    size: 16_384,
    wanted: 0.8,
    atLeast: true,
    read: p => p[16_384].unsigned.ratio,
  },
  {
    name: 'unsigned 1 KiB, ratio',
    size: 1_024,
    wanted: 0.7,
    atLeast: true,
    read: p => p[1_024].unsigned.ratio,
  },
  {
    name: 'unsigned 100 B, ratio',
    size: 100,
    wanted: 2,
    atLeast: true,
    read: p => p[100].unsigned.ratio,
  },
  {
    name: 'signed 1 KiB, ratio',
    size: 1_024,
    wanted: 0.4,
    atLeast: true,
    read: p => p[1_024].signed.ratio,
  },
  ...SIZES.map(size => ({
    name: `unsigned ${size} B, added to the mean round trip, ms`,
    size,
    wanted: 1.5,
    atLeast: false,
    read: p => p[size].unsigned.addedRoundTripMs,
  })),
]

const { values: asked } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1.5' },
    size: { type: 'string' },
    cpu: { type: 'boolean', default: false },
  },
})
const rounds = positive('rounds', asked.rounds)
const floodMs = positive('seconds', asked.seconds) * 1_000
const sizes = asked.size === undefined ? SIZES : [positive('size', asked.size)]
const closers = []

await main()

// CPU time of each thread of a browser, from Linux's accounts: unlike messages per second it does not hang on who
// else keeps the machine busy.

import { readdirSync, readFileSync } from 'node:fs'

/** The tabs' renderers, in their order, and the browser's other processes: { pid: name }. */
export async function processesOf(browser, tabs) {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const names = new Map()
  for (const { id, type } of processInfo) names.set(id, nameOf(id, type))
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  for (const [i, tab] of tabs.entries()) {
    const before = renderers.map(pid => nsOf(pid, pid))
    await tab.evaluate(ms => {
      for (const end = performance.now() + ms; performance.now() < end; );
    }, SPIN_MS)
    const grown = renderers.map((pid, at) => nsOf(pid, pid) - before[at])
    names.set(renderers[grown.indexOf(Math.max(...grown))], TAB_NAMES[i])
  }
  return names
}

/** What each thread has used so far, ns: { 'process: thread': ns }; threads of one name are one. */
export function cpuOf(processes) {
  const used = new Map()
  for (const [pid, name] of processes) {
    for (const tid of tasksOf(pid)) {
      const thread = `${name}: ${threadName(pid, tid)}`
      used.set(thread, (used.get(thread) ?? 0) + nsOf(pid, tid))
    }
  }
  return used
}

/** The difference of two looks, µs for each of so many messages, and their sum; less than a fortieth is not listed. */
export function cpuBetween(before, after, messages) {
  const threads = [...after]
    .map(([thread, ns]) => [thread, (ns - (before.get(thread) ?? 0)) / 1_000 / messages])
    .sort(([, a], [, b]) => b - a)
  const sum = threads.reduce((total, [, us]) => total + us, 0)
  const listed = threads
    .filter(([, us]) => us > sum / 40)
    .map(([thread, us]) => [thread, round(us)])
  return { sum: round(sum), ...Object.fromEntries(listed) }
}

function nameOf(pid, type) {
  if (type === 'renderer') return 'other tab'
  const line = read(`/proc/${pid}/cmdline`)
  return /utility-sub-type=(\w+)\.mojom/.exec(line)?.[1] ?? type
}

function threadName(pid, tid) {
  if (tid === pid) return 'main'
  const name = read(`/proc/${pid}/task/${tid}/comm`).trim()
  return name.startsWith('ThreadPool') ? 'ThreadPool' : name
}

function tasksOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

function nsOf(pid, tid) {
  return Number(read(`/proc/${pid}/task/${tid}/schedstat`).split(' ')[0])
}

/** Threads end; what they used is then not known any more. */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function round(us) {
  return Math.round(us * 10) / 10
}

const TAB_NAMES = ['sender', 'receiver']
const SPIN_MS = 100

// What a law costs: CPU time of the test worker and all processes it started, browsers among them, from Linux's
// accounts. Elsewhere there are none, and the report says so.

import { readdirSync, readFileSync } from 'node:fs'

/** The type of the annotation that has a law's CPU seconds. */
export const CPU_SECONDS = 'CPU seconds'

/** CPU seconds that this process, those under it and those of them that ended have used; undefined but on Linux. */
export function cpuSecondsUnder(root: number): number | undefined {
  const all = processes()
  if (all.size === 0) return undefined
  let ticks = 0
  const under = new Set([root])
  // A child may be listed before its parent: again and again, until nobody is new.
  for (const pid of under) {
    ticks += all.get(pid)?.ticks ?? 0
    for (const [child, { parent }] of all) if (parent === pid) under.add(child)
  }
  return ticks / TICKS_PER_SECOND
}

function processes(): Map<number, { parent: number; ticks: number }> {
  const found = new Map<number, { parent: number; ticks: number }>()
  if (process.platform !== 'linux') return found
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // The name in parentheses may hold spaces and parentheses of its own.
    const fields = statOf(name)
      ?.replace(/^.*\) /s, '')
      .split(' ')
    if (fields === undefined) continue
    // man 5 proc: ppid is field 4; utime, stime and those of children that were waited for are 14 to 17.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    found.set(Number(name), { parent: Number(fields[1]), ticks })
  }
  return found
}

/** Processes end while one looks. */
function statOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
}

/** USER_HZ, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

// What an earlier run printed with --json, and how a run compares with it.
import * as v from 'valibot'
import { worse } from './figures.js'
import { type Report, round } from './run.js'
import { SETTINGS, type Settings } from './scenario.js'

/** Why two reports can't be compared, or undefined. The baseline is a file's: it may be anything. */
export function incomparable(
  report: Pick<Report, 'scenario' | 'settings' | 'seeds'>,
  baseline: unknown,
): string | undefined {
  const read = v.safeParse(printed, baseline)
  if (!read.success) {
    const [{ message }] = read.issues
    const place = v.getDotPath(read.issues[0])
    const where = place === null ? '' : ` (${place}: ${message})`
    return `it is not what an earlier run printed with --json${where}`
  }
  const { scenario, settings, seeds, mean } = read.output
  if (scenario !== report.scenario) {
    return `the baseline is of ${scenario}, this is ${report.scenario}`
  }
  for (const [name, value] of Object.entries(report.settings)) {
    // An older baseline knows nothing of settings that came later.
    const before = settings[name] ?? SETTINGS[name as keyof Settings]
    if (before !== value) return `the baseline has ${name} ${before}, this run ${value}`
  }
  if (seeds.join() !== report.seeds.join()) {
    return `the baseline has seeds ${seeds.join()}, this run ${report.seeds.join()}`
  }
  const missing = compared(report.settings).find(figure => mean[figure] === undefined)
  return missing && `it has no ${missing}`
}

/** Where the means became worse than an earlier report's by more than chance explains. */
export function regressions(report: Report, baseline: Report): string[] {
  const found: string[] = []
  for (const figure of compared(report.settings)) {
    const [share, least] = SLACK[figure]!
    const [now, before] = [report.mean[figure], baseline.mean[figure]]
    if (now === undefined || before === undefined) continue
    const slack = Math.max(Math.abs(before) * share, least)
    const isWorse = worse(figure, now, before) === now && Math.abs(now - before) > slack
    if (isWorse) found.push(`${figure} went from ${round(before)} to ${round(now)}`)
  }
  return found
}

/** Bytes are not counted where the wire is left out. */
function compared({ wire }: Settings): string[] {
  return Object.keys(SLACK).filter(figure => wire === 'on' || figure !== 'bytesPerDelivery')
}

const points = v.array(v.tuple([v.number(), v.number()]))

/** Of a report what is compared, and shown beside. */
const printed = v.object({
  scenario: v.string(),
  settings: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  seeds: v.array(v.number()),
  mean: v.record(v.string(), v.number()),
  distributions: v.object({
    delivery: points,
    degrees: v.array(v.number()),
    hops: v.array(v.number()),
    failures: points,
  }),
})

/** By how much a figure may be worse than a baseline's: a share of it, and at least so much. Guess. */
const SLACK: Record<string, [share: number, least: number]> = {
  reliability: [0, 0.0005],
  missed: [0.1, 0],
  rmr: [0.1, 0.01],
  ldh: [0.1, 0.5],
  durationMs: [0.1, 10],
  p50Ms: [0.1, 5],
  p99Ms: [0.1, 10],
  bytesPerDelivery: [0.1, 5],
  controlPerDelivery: [0.15, 0.2],
  meanActive: [0.02, 0.02],
  asymmetricLinks: [0, 0],
  dials: [0.2, 0.02],
  storms: [0, 0],
}

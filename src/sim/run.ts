import { type Distributions, type Figures, mean, noDistributions, worse } from './figures.js'
import { type Limit, type Progress, type Scenario, SETTINGS, type Settings } from './scenario.js'

/** What the command prints as JSON. */
export interface Report {
  scenario: string
  nodes: number
  rounds: number
  seeds: number[]
  settings: Settings
  /** True means over the seeds, and of each figure the worst seed. */
  mean: Figures
  worst: Figures
  perSeed: (Figures & { seed: number })[]
  /** Frames other than heartbeats, and deadlines, that went through `handle`, a second of computing. */
  eventsPerSecond: number
  peakMemoryMB: number
  distributions: Distributions
}

/** What only the outside knows. */
export interface Meter {
  /** Milliseconds from any beginning. */
  elapsedMs(): number
  /** The most memory the process had, megabytes. */
  peakMemoryMB(): number
}

export function runScenario(
  scenario: Scenario,
  settings: Settings,
  seeds: readonly number[],
  meter: Meter,
  progress: Progress = () => {},
): Report {
  const begunAt = meter.elapsedMs()
  const outcomes = seeds.map((seed, i) =>
    scenario.run(settings, seed, (share, doing) =>
      progress((i + share) / seeds.length, `seed ${seed}: ${doing}`),
    ),
  )
  const seconds = (meter.elapsedMs() - begunAt) / 1000
  const all = outcomes.map(({ figures }) => figures)
  const events = all.reduce((total, figures) => total + (figures['events'] ?? 0), 0)
  return {
    scenario: scenario.name,
    nodes: settings.nodes,
    rounds: settings.rounds,
    seeds: [...seeds],
    settings,
    mean: combine(all, (_figure, values) => mean(values)),
    worst: combine(all, (figure, values) => values.reduce((a, b) => worse(figure, a, b))),
    perSeed: all.map((figures, i) => ({ seed: seeds[i]!, ...figures })),
    eventsPerSecond: Math.round(events / seconds),
    peakMemoryMB: Math.round(meter.peakMemoryMB()),
    distributions: merge(outcomes.map(({ distributions }) => distributions)),
  }
}

export interface Judged extends Limit {
  value: number
  holds: boolean
}

/** The limits that concern these settings, and whether they hold. */
export function judge(limits: readonly Limit[], report: Report): Judged[] {
  return limits
    .filter(({ when = {} }) =>
      Object.entries(when).every(
        ([name, value]) => report.settings[name as keyof Settings] === value,
      ),
    )
    .map(limit => {
      const value = report[limit.of][limit.figure] ?? Number.NaN
      const holds = value <= (limit.atMost ?? Infinity) && value >= (limit.atLeast ?? -Infinity)
      return { ...limit, value, holds }
    })
}

/** Where the means became worse than an earlier report's by more than chance explains. */
export function regressions(report: Report, baseline: Report): string[] {
  const found: string[] = []
  for (const [figure, [share, least]] of Object.entries(SLACK)) {
    const [now, before] = [report.mean[figure], baseline.mean[figure]]
    if (now === undefined || before === undefined) continue
    const slack = Math.max(Math.abs(before) * share, least)
    const isWorse = worse(figure, now, before) === now && Math.abs(now - before) > slack
    if (isWorse) found.push(`${figure} went from ${round(before)} to ${round(now)}`)
  }
  return found
}

/** Why two reports can't be compared, or undefined. The baseline is a file's: it may be anything. */
export function incomparable(
  report: Pick<Report, 'scenario' | 'settings'>,
  baseline: Report,
): string | undefined {
  const { scenario, mean, distributions } = Object(baseline) as Partial<Report>
  if (
    typeof scenario !== 'string' ||
    Object(mean) !== mean ||
    Object(distributions) !== distributions
  ) {
    return 'it is not what an earlier run printed with --json'
  }
  if (baseline.scenario !== report.scenario) {
    return `the baseline is of ${baseline.scenario}, this is ${report.scenario}`
  }
  for (const [name, value] of Object.entries(report.settings)) {
    // An older baseline knows nothing of settings that came later.
    const before = baseline.settings?.[name as keyof Settings] ?? SETTINGS[name as keyof Settings]
    if (before !== value) return `the baseline has ${name} ${before}, this run ${value}`
  }
  return undefined
}

export function round(value: number): number {
  return Number(value.toPrecision(5))
}

function combine(
  all: readonly Figures[],
  how: (figure: string, values: number[]) => number,
): Figures {
  const names = new Set(all.flatMap(figures => Object.keys(figures)))
  const combined: Record<string, number> = {}
  for (const name of names) {
    combined[name] = how(
      name,
      all.flatMap(figures => figures[name] ?? []),
    )
  }
  return combined as Figures
}

function merge(all: readonly Distributions[]): Distributions {
  const merged = noDistributions()
  for (const { degrees, hops } of all) {
    addInto(merged.degrees, degrees)
    addInto(merged.hops, hops)
  }
  const curves = all.map(({ delivery }) => delivery).filter(({ length }) => length > 0)
  merged.delivery = (curves[0] ?? []).map(([, share], step) => [
    mean(curves.map(curve => curve[step]![0])),
    share,
  ])
  const byShare = new Map<number, number[]>()
  for (const [share, reliability] of all.flatMap(({ failures }) => failures)) {
    byShare.set(share, [...(byShare.get(share) ?? []), reliability])
  }
  merged.failures = [...byShare].map(([share, values]) => [share, mean(values)])
  return merged
}

function addInto(sums: number[], counts: readonly number[]): void {
  counts.forEach((count, i) => {
    while (sums.length <= i) sums.push(0)
    sums[i]! += count
  })
}

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

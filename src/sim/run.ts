import { type Distributions, type Figures, mean, noDistributions, worse } from './figures.js'
import type { Limit, Progress, Scenario, Settings } from './scenario.js'

/** What the command prints as JSON. */
export interface Report {
  /** As iroh-gossip's simulator writes them, `GossipMulti-n100-r30`. */
  label: string
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
  if (scenario.needsWire && settings.wire === 'off') {
    throw new RangeError(`${scenario.name} is about the wire, which can't be off`)
  }
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
    label: `${scenario.upstream ?? scenario.name}-n${settings.nodes}-r${settings.rounds}`,
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

import { type Judged, type Report, round } from './run.js'

/** The report for people: a row a figure, with the baseline beside it, then the targets. */
export function table(report: Report, targets: readonly Judged[], baseline?: Report): string {
  const { scenario, nodes, rounds, seeds, settings } = report
  const head = ['', 'mean', 'worst', ...(baseline === undefined ? [] : ['baseline'])]
  const rows = Object.keys(report.mean).map(figure => [
    figure,
    shown(report.mean[figure]),
    shown(report.worst[figure]),
    ...(baseline === undefined ? [] : [shown(baseline.mean[figure])]),
  ])
  const lines = [
    `${scenario}: ${nodes} peers, ${rounds} rounds, ${settings.latency} ms one way, seeds ${seeds.join(' ')}`,
    '',
    ...columns([head, ...rows]),
    '',
    ...targets.map(judged => `${judged.holds ? 'reached' : 'missed '}  ${phrase(judged)}`),
    `${report.eventsPerSecond} events/s, ${report.peakMemoryMB} MB`,
  ]
  return lines.join('\n')
}

export function phrase({ figure, atMost, atLeast, of, value }: Judged): string {
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
  return `${figure} ${of === 'worst' ? '(worst seed) ' : ''}${bound}: ${shown(value)}`
}

export function shown(value: number | undefined): string {
  return value === undefined ? '' : String(round(value))
}

function columns(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)))
  return rows.map(row =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

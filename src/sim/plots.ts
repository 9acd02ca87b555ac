import type { Judged, Report } from './run.js'
import { phrase, shown } from './table.js'

/** A page that needs nothing else: figures, and plots as SVG; the baseline, where there is one, beside. */
export function page(report: Report, targets: readonly Judged[], baseline?: Report): string {
  const { scenario, nodes, rounds, seeds, settings } = report
  const title = `${scenario}, ${nodes} peers`
  const series = (of: (report: Report) => Series['points']): Series[] => [
    ...(baseline === undefined ? [] : [{ name: 'baseline', points: of(baseline) }]),
    { name: 'this run', points: of(report) },
  ]
  const plots = [
    plot(
      'Deliveries over time',
      'ms after the broadcast',
      'share delivered',
      'line',
      series(({ distributions }) => distributions.delivery),
    ),
    plot(
      'Neighbors',
      'neighbors of a peer',
      'share of peers',
      'bars',
      series(({ distributions }) => shares(distributions.degrees)),
    ),
    plot(
      'Hops',
      'round in which a delivery came',
      'share of deliveries',
      'bars',
      series(({ distributions }) => shares(distributions.hops)),
    ),
    plot(
      'Reliability against failures',
      'share that crashed',
      'share of survivors reached',
      'dots',
      series(({ distributions }) => distributions.failures),
    ),
  ]
  const rows = Object.keys(report.mean).map(
    figure =>
      `<tr><th>${escaped(figure)}</th><td>${shown(report.mean[figure])}</td><td>${shown(report.worst[figure])}</td>` +
      `${baseline === undefined ? '' : `<td>${shown(baseline.mean[figure])}</td>`}</tr>`,
  )
  const judged = targets.map(
    one => `<li class="${one.holds ? 'reached' : 'missed'}">${escaped(phrase(one))}</li>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(title)}</h1>
<p>${rounds} rounds, latency ${escaped(settings.latency)}, seeds ${seeds.join(', ')}. ${report.eventsPerSecond} events a second, ${report.peakMemoryMB} MB.</p>
<ul>${judged.join('')}</ul>
<div class="plots">${plots.join('')}</div>
<table><thead><tr><th></th><td>mean</td><td>worst seed</td>${baseline === undefined ? '' : '<td>baseline</td>'}</tr></thead><tbody>${rows.join('')}</tbody></table>
</body></html>
`
}

interface Series {
  name: string
  points: readonly (readonly [x: number, y: number])[]
}

function plot(
  title: string,
  xName: string,
  yName: string,
  kind: 'line' | 'bars' | 'dots',
  all: readonly Series[],
): string {
  const series = all.filter(({ points }) => points.length > 0)
  if (series.length === 0) return ''
  const points = series.flatMap(one => one.points)
  const largestX = Math.max(...points.map(([x]) => x), 1e-9)
  const mostX = kind === 'bars' ? largestX + 1 : kind === 'dots' ? 1 : niceCeiling(largestX)
  const mostY = kind === 'bars' ? niceCeiling(Math.max(...points.map(([, y]) => y), 1e-9)) : 1
  const x = (value: number) => LEFT + (value / mostX) * (WIDTH - LEFT - RIGHT)
  const y = (value: number) => HEIGHT - BOTTOM - (value / mostY) * (HEIGHT - TOP - BOTTOM)
  const quarters = [0, 0.25, 0.5, 0.75, 1]
  const across = quarters
    .map(share => {
      const at = y(share * mostY)
      return (
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>` +
        `<text x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${label(share * mostY)}</text>`
      )
    })
    .join('')
  // A bar has its number under its middle; a scale has quarters.
  const every = Math.ceil(mostX / MOST_LABELS)
  const places =
    kind === 'bars'
      ? Array.from({ length: Math.ceil(mostX / every) }, (_, i) => [i * every, i * every + 0.5])
      : quarters.map(share => [share * mostX, share * mostX])
  const below = places
    .map(
      ([value, at]) =>
        `<text x="${x(at!)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${label(value!)}</text>`,
    )
    .join('')
  const grid = across + below
  const drawn = series
    .map((one, i) => {
      const which = one.name === 'baseline' ? 'before' : 'now'
      if (kind === 'line') {
        const path = one.points
          .map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`)
          .join(' ')
        return `<polyline class="${which}" points="${path}"/>`
      }
      if (kind === 'dots') {
        const points = [...one.points].sort(([a], [b]) => a - b)
        const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ')
        const dots = points.map(
          ([px, py]) => `<circle class="${which}" cx="${x(px)}" cy="${y(py)}" r="5"/>`,
        )
        return `<polyline class="${which}" points="${path}"/>${dots.join('')}`
      }
      const slot = (WIDTH - LEFT - RIGHT) / mostX
      const width = (slot * 0.8) / series.length
      return one.points
        .map(
          ([px, py]) =>
            `<rect class="${which}" x="${(x(px) + i * width + slot * 0.1).toFixed(1)}" y="${y(py).toFixed(1)}" width="${width.toFixed(1)}" height="${(y(0) - y(py)).toFixed(1)}"><title>${px}: ${label(py)}</title></rect>`,
        )
        .join('')
    })
    .join('')
  const legend =
    series.length > 1
      ? '<p class="legend"><i class="now"></i>this run <i class="before"></i>baseline</p>'
      : ''
  return `<figure><figcaption>${title}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}"><g class="grid">${grid}</g>${drawn}<text class="axis" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${xName}</text><text class="axis" transform="translate(12 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${yName}</text></svg>${legend}</figure>`
}

function shares(counts: readonly number[]): [number, number][] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return total === 0 ? [] : counts.map((count, at) => [at, count / total])
}

/** One, two or five times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  for (const step of [1, 2, 5, 10]) if (step * power >= value) return step * power
  return 10 * power
}

function label(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, letter => `&#${letter.charCodeAt(0)};`)
}

const WIDTH = 480
const HEIGHT = 300
const LEFT = 60
const RIGHT = 14
const TOP = 10
const BOTTOM = 42
const MOST_LABELS = 12
const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d8dde3; --now: #1769d2; --before: #b4702a; --good: #1a7f37; --bad: #c62f2f }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #14171b; --line: #343a42; --now: #6aa9ff; --before: #e0a060; --good: #5fd080; --bad: #ff8080 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1040px; margin: 2rem auto; padding: 0 1rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 1.5rem }
figure { margin: 0 } figcaption { font-weight: 600 } svg { width: 100%; height: auto }
.grid line { stroke: var(--line) } text { font-size: 12px; fill: var(--ink) }
polyline { fill: none; stroke-width: 2 } polyline.now { stroke: var(--now) } polyline.before { stroke: var(--before); stroke-dasharray: 5 4 }
rect.now, circle.now { fill: var(--now) } rect.before, circle.before { fill: var(--before) }
.legend i { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em } i.now { background: var(--now) } i.before { background: var(--before) }
table { border-collapse: collapse; margin: 2rem 0 } th { text-align: left; font-weight: 400 } td { text-align: right; font-variant-numeric: tabular-nums } th, td { padding: .15rem .8rem; border-bottom: 1px solid var(--line) }
@media (max-width: 30rem) { table { width: 100%; font-size: 13px } th, td { padding-inline: .2rem } }
li.reached::marker { content: '✓ '; color: var(--good) } li.missed::marker { content: '✗ '; color: var(--bad) }
`

import type { NodeMetrics } from 'gossamer'
import { useState } from 'preact/hooks'

/** The node's counters: some with words, and all of them by name. */
export function Figures({ metrics }: { metrics: NodeMetrics | undefined }) {
  // Who does not look at them pays nothing for them, once a second.
  const [areAllShown, showAll] = useState(false)
  if (metrics === undefined) return <p class="hint">Not yet.</p>
  const all = Object.entries(metrics)
  if (areAllShown) all.sort(([a], [b]) => (a < b ? -1 : 1))
  return (
    <>
      <dl class="figures" data-testid="figures">
        {KNOWN.map(([words, ...names]) => (
          <div key={words}>
            <dt>{words}</dt>
            <dd>
              {names.reduce((sum, name) => sum + (metrics[name] ?? 0), 0).toLocaleString('en')}
            </dd>
          </div>
        ))}
      </dl>
      <details
        class="all-figures"
        open={areAllShown}
        onToggle={event => showAll(event.currentTarget.open)}
      >
        <summary>All {all.length} counters since this tab was opened</summary>
        {areAllShown && (
          <dl>
            {all.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value.toLocaleString('en')}</dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </>
  )
}

const KNOWN: readonly (readonly [words: string, ...names: string[]])[] = [
  ['Messages received', 'gossip-received'],
  ['Messages passed on', 'gossip-sent'],
  ['Received twice', 'duplicates'],
  ['Announcements heard', 'ihaves-received'],
  ['Branches asked for', 'grafts-sent'],
  ['Branches cut', 'prunes-sent'],
]

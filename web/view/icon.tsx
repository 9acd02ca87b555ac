import type { IconNode } from 'lucide'
import { h } from 'preact'

/** A line drawing beside or in place of words; whoever uses it alone gives the control a label. */
export function Icon(props: { of: IconNode; size?: number }) {
  const size = props.size ?? 18
  return (
    <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      {props.of.map(([tag, attributes]) => h(tag, attributes))}
    </svg>
  )
}

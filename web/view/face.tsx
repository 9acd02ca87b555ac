import { hueOf, initialOf } from '../words.js'

/** A peer's colour with its initial; decoration beside its name. */
export function Face({ peer, name }: { peer: string; name: string | undefined }) {
  return (
    <span class="face" style={{ '--hue': hueOf(peer) }} aria-hidden="true">
      {initialOf(name)}
    </span>
  )
}

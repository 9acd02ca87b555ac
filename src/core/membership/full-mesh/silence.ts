import type { Millis } from '../../ids.js'
import type { Overlay } from './overlay.js'

/**
 * Departs from the seed, where nobody is ever removed. Who missed two GOSPs, and half a period more, is no neighbor
 * any more; its link is kept for as long again and more, for it may only be busy.
 */
export function noticeSilence(now: Millis, overlay: Overlay): void {
  const { members, rounds, lost, config } = overlay
  for (const [peer, { stage }] of [...members]) {
    const at = rounds.heardAt(peer)
    if (at === undefined) continue
    if (stage === 'up' && now - at >= SILENT_PERIODS * config.periodMs) {
      overlay.count('members-silent')
      members.set(peer, 'silent', now)
      overlay.emit({ type: 'neighbor-down', peer, reason: 'link-lost' })
    } else if (stage === 'silent' && now - at >= LOST_PERIODS * config.periodMs) {
      overlay.drop(peer, 'link-lost')
      lost.add(now, peer)
    }
  }
}

/** When somebody's silence is to be noticed next. */
export function nextSilence({ members, rounds, config }: Overlay): Millis | undefined {
  let soonest: Millis | undefined
  for (const [peer, { stage }] of members) {
    const heardAt = rounds.heardAt(peer)
    if (heardAt === undefined) continue
    const at = heardAt + (stage === 'silent' ? LOST_PERIODS : SILENT_PERIODS) * config.periodMs
    soonest = Math.min(soonest ?? at, at)
  }
  return soonest
}

/** A crashed peer is to be gone within three periods of its crash, and its last GOSP was before that. */
const SILENT_PERIODS = 2.5
/** Reference §2.2: removed after six. */
const LOST_PERIODS = 6

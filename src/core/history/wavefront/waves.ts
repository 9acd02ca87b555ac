// What a wave holds: worked out from one's own lanes and the heights the other side named.
import type { PeerId } from '../../ids.js'
import type { Message } from '../../message.js'
import { type Lane, NO_HASH } from '../lane.js'
import { shortHash } from '../op.js'
import type { OpRange } from '../records.js'
import { LARGEST_WAVE_BYTES, type Mark } from './messages.js'

export type Lanes = ReadonlyMap<PeerId, Lane>
export type Tides = ReadonlyMap<PeerId, Mark>

/** The heights of all lanes. */
export function tidesOf(lanes: Lanes): Mark[] {
  return [...lanes.values()].map(heightOf)
}

/** Where all lanes begin. */
export function rootsOf(lanes: Lanes): Mark[] {
  return [...lanes.values()].map(rootOf)
}

/** By author; undefined where one is named twice. */
export function byAuthor(marks: readonly Mark[]): Tides | undefined {
  const tides = new Map(marks.map(mark => [mark.author, mark]))
  return tides.size === marks.length ? tides : undefined
}

export interface Difference {
  /** What the other side lacks and is kept here. */
  wants: OpRange[]
  /** How many ops that is. */
  count: number
  /** Where a lane does not go on from the other's height here. */
  roots: Mark[]
}

/**
 * Every op above the other's height. A lane it did not mention is at height 0 (amendment to the seed, which
 * sends nothing of lanes that were not mentioned). Where both stand at one height with different hashes, the op
 * there goes too: it proves the fork. `upTo`: our own heights as they were when we named them.
 */
export function above(lanes: Iterable<Lane>, tides: Tides, upTo?: Tides): Difference {
  const difference: Difference = { wants: [], count: 0, roots: [] }
  for (const lane of lanes) {
    const { author, oldest } = lane
    // What came since we spoke may build on what the other was not asked about.
    const last = Math.min(lane.height, upTo?.get(author)?.seq ?? lane.height)
    const theirs = tides.get(author)
    const seq = theirs?.seq ?? 0
    // Of a frozen lane nothing is to be waited for, whoever built on whichever branch.
    if (lane.frozen) difference.roots.push({ author, seq: Number.MAX_SAFE_INTEGER, hash: NO_HASH })
    if (seq >= last) {
      if (seq === last && theirs !== undefined && lane.differsAt(seq, theirs.hash)) {
        difference.wants.push({ author, first: seq, last })
        difference.count++
      }
      continue
    }
    const first = Math.max(seq + 1, oldest)
    difference.wants.push({ author, first, last })
    difference.count += last - first + 1
    if (first > seq + 1 && !lane.frozen) difference.roots.push(rootOf(lane))
  }
  return difference
}

/**
 * The lanes of which the other side holds more, or something else at the same height: our own heights, so that it
 * knows what to send. Always (amendment to the seed, which leaves them out of a wave without ops).
 */
export function behind(lanes: Lanes, theirs: Tides): Mark[] {
  const tides: Mark[] = []
  for (const { author, seq, hash } of theirs.values()) {
    const lane = lanes.get(author)
    if (lane === undefined) tides.push({ author, seq: 0, hash: NO_HASH })
    else if (!lane.frozen && seq > lane.height) tides.push(heightOf(lane))
    else if (seq === lane.height && lane.differsAt(seq, hash)) tides.push(heightOf(lane))
  }
  return tides
}

/** One op may be of any size, more of them have a limit together. */
export function isOversized(ops: readonly Message[]): boolean {
  if (ops.length < 2) return false
  let bytes = 0
  for (const { payload, extensions } of ops) bytes += payload.length + extensions.length
  return bytes > LARGEST_WAVE_BYTES
}

function heightOf({ author, height, tip }: Lane): Mark {
  return { author, seq: height, hash: shortHash(tip) }
}

function rootOf({ author, oldest, oldestHash }: Lane): Mark {
  return { author, seq: oldest, hash: shortHash(oldestHash) }
}

import { list, struct, union } from '../../../codec/combinators.js'
import { fixed, varint } from '../../../codec/primitives.js'
import type { Infer } from '../../../codec/schema.js'
import { author } from '../../ids.js'
import { message } from '../../message.js'
import { exchangeId } from '../messages.js'
import { MOST_LANES, SHORT_HASH_BYTES } from '../records.js'

/** Ops in one wave. Reference §3.2. */
export const MOST_WAVE_OPS = 256

/** Payloads and extensions in one wave, bytes; a single op may be larger. Reference §3.2. */
export const LARGEST_WAVE_BYTES = 256 << 10

/**
 * A place in a lane. As a tide: the author's height and the head of the hash there, 0 and zeros for a lane
 * not held (the seed counts from 0 and says -1). As a root: the lowest height kept and the head of its hash.
 */
export const mark = struct({ author, seq: varint(), hash: fixed(SHORT_HASH_BYTES) })
export type Mark = Infer<typeof mark>

/**
 * Parts of one wave that may be on their way, not taken in yet: enough that reading, sending, verifying and storing go
 * on at once, and 1 MiB at most for who receives them. Guess.
 */
export const PARTS_UNDER_WAY = 4

const exchange = exchangeId
const marks = list(mark, { max: MOST_LANES })
const ops = list(message, { max: MOST_WAVE_OPS })
/** Ops that were to be sent too and had no room; what comes next brings them. */
const left = varint({ max: 0xffff_ffff })

/**
 * Wire tags 50 to 57. The tag is the type too: SHARP, TIDAL WAVE and FIRST WAVE are methods, COHERENT, RIPPLE and
 * SECOND WAVE results, `exchange-error` is the error; so none can come as the other. Ops stand in an order in
 * which parents come before children.
 */
export const wavefrontMessage = union({
  /** First contact of one that is new: the lanes it holds, if any. */
  sharp: [50, struct({ exchange, tides: marks })],
  /** The answer of one in contact: where each lane begins here. A TIDAL WAVE follows. */
  coherent: [51, struct({ exchange, roots: marks })],
  /** The answer of one that is new too: all it holds that was not listed. */
  ripple: [52, struct({ exchange, ops, left })],
  /** Known heights. */
  'tidal-wave': [53, struct({ exchange, tides: marks })],
  /** The difference; heights where the sender is behind; roots where it can't give all. */
  'first-wave': [54, struct({ exchange, tides: marks, roots: marks, ops, left })],
  /** The difference the other way. */
  'second-wave': [55, struct({ exchange, roots: marks, ops, left })],
  /**
   * The beginning of a RIPPLE, FIRST WAVE or SECOND WAVE that is larger than one message may be: the turn stays where it
   * is. Numbered from 1 in each wave. Departure from the seed, whose waves are of any size.
   */
  'wave-part': [56, struct({ exchange, part: varint(), roots: marks, ops, left })],
  /** So many parts of the wave that is being said were taken in. No turn: it lets the next ones come. Departure likewise. */
  'wave-taken': [57, struct({ exchange, parts: varint() })],
})
export type WaveMessage = Infer<typeof wavefrontMessage>

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

const exchange = exchangeId
const marks = list(mark, { max: MOST_LANES })
const ops = list(message, { max: MOST_WAVE_OPS })
/** Ops that were to be sent too and had no room; another exchange brings them. */
const left = varint()

/**
 * Wire tags 50 to 55. The tag is the type too: SHARP, TIDAL WAVE and FIRST WAVE are methods, COHERENT, RIPPLE and
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
})
export type WaveMessage = Infer<typeof wavefrontMessage>

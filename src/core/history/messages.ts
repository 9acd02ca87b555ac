// What reconcilers of every protocol say.
import { oneOf, struct, union } from '../../codec/combinators.js'
import { bool, fixed, varint } from '../../codec/primitives.js'
import type { Infer } from '../../codec/schema.js'

/** Bytes that stand for all a peer keeps of a topic; equal where two keep the same. */
export const DIGEST_BYTES = 8

/** Names an exchange among those of one link: 32 random bits, chosen by who opens it. */
export const exchangeId = varint({ max: 0xffff_ffff })

/** Wire tags 48 and 49. */
export const historyMessage = union({
  /**
   * With the heartbeat, while two neighbors do not know themselves equal: a digest of what is kept. `ready` is false
   * for one that is new: it has not been in contact with anybody's history yet.
   */
  frontier: [48, struct({ digest: fixed(DIGEST_BYTES), ready: bool })],
  /** Ends an exchange. Never answered. */
  'exchange-error': [
    49,
    struct({
      exchange: exchangeId,
      code: oneOf([
        /** Against the rules: wrong turn, wrong message, too much. */
        'violation',
        /** An exchange of that id is not open. */
        'unknown-exchange',
        /** Not in contact with the topic's history yet. */
        'not-ready',
        /** Too many exchanges under way, or one with this peer already. */
        'busy',
        /** The store failed. */
        'failed',
        /** Ops that can't be: a lie about a height, parents that do not fit. */
        'bad-ops',
        /** The other side was silent for too long. */
        'timeout',
        /** A part of a wave did not arrive: a queue was full. */
        'lost',
      ]),
    }),
  ],
})
export type CommonMessage = Infer<typeof historyMessage>
export type ErrorCode = Extract<CommonMessage, { type: 'exchange-error' }>['code']

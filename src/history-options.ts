import type { HistoryRequest } from './bridge/node-messages.js'
import type { DeliveryOrder, HistoryProtocol } from './core/history/records.js'
import { checkInteger, checkKeys, checkOneOf, checkSignal, refuse } from './page/checks.js'

/** Which messages of a topic are kept, and how long. What is left out stays as in `DEFAULTS.retention`. */
export interface HistoryOptions {
  /**
   * How two peers find out what the other lacks; all peers of a topic must agree. `wavefront`: heights of each author, and
   * messages that name what their authors had heard, so that they come in causal order. Best for few authors
   * with many messages: what is compared grows with authors and not with messages.
   */
  protocol: 'wavefront'
  /** This peer's own affair. */
  retention?: RetentionOptions | undefined
}

/**
 * What is over one of these is given up, the earliest first; the newest message of each author stays, since the
 * author's count goes on from it. Each device of a topic may keep as much as it likes.
 */
export interface RetentionOptions {
  /**
   * Milliseconds, 1,000 to 3,155,760,000,000 (a hundred years). Default 30 days: 2,592,000,000. By the author's clock, or
   * ours where the message came before its own time.
   */
  maxAge?: number | undefined
  /** Bytes of messages with what belongs to them, 1,024 to 1,073,741,824. Default 67,108,864. */
  maxBytes?: number | undefined
  /** Messages, 1 to 1,000,000; those said in one task, which are kept as one, count as one. Default 100,000. */
  maxOps?: number | undefined
}

/** Options of `topic.history`. */
export interface ReadHistoryOptions {
  /** Only messages from this time on, epoch milliseconds. Default 0: all. */
  since?: number | undefined
  /** Of those kept now, the newest so many; 1 to 1,000,000. Default: all. */
  limit?: number | undefined
  /** Goes on with messages as they are kept, until the topic is left or the loop ends. Default false. */
  live?: boolean | undefined
  /** Ends the reading, which rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** Guesses, but for `maxOps`: the worker's memory is measured with as many (bench/history.mjs). */
export const RETENTION_DEFAULTS = {
  /** Milliseconds: 30 days. */
  maxAge: 30 * 24 * 60 * 60 * 1000,
  /** Bytes. */
  maxBytes: 64 << 20,
  maxOps: 100_000,
} as const

/** What `history` and `order` come to. Throws `invalid-argument`. */
export function checkHistory(
  given: unknown,
  order: unknown,
): { protocol: HistoryProtocol; request: HistoryRequest | undefined } {
  const checkedOrder = checkOneOf<DeliveryOrder>('order', order, ['arrival', 'causal'])
  if (given === 'none') {
    if (checkedOrder === 'causal') {
      refuse('order', order, '"arrival" without a history: nobody says then what came before')
    }
    return { protocol: 'none', request: undefined }
  }
  if (typeof given !== 'object') refuse('history', given, '"none", or { protocol: "wavefront" }')
  const options = checkKeys('history', given, ['protocol', 'retention']) as Partial<HistoryOptions>
  const protocol = checkOneOf('history.protocol', options.protocol, ['wavefront'])
  const retention = checkRetention(options.retention ?? {})
  return { protocol, request: { retention, order: checkedOrder } }
}

function checkRetention(given: unknown): HistoryRequest['retention'] {
  const name = 'history.retention'
  const options = checkKeys(name, given, Object.keys(RETENTION_DEFAULTS)) as RetentionOptions
  const number = (key: keyof RetentionOptions, least: number, most: number) =>
    checkInteger(`${name}.${key}`, options[key] ?? RETENTION_DEFAULTS[key], least, most)
  return {
    maxAgeMs: number('maxAge', 1_000, CENTURY_MS),
    maxBytes: number('maxBytes', 1 << 10, 1 << 30),
    maxOps: number('maxOps', 1, MOST_OPS),
  }
}

export interface CheckedRead {
  since: number
  limit: number
  live: boolean
  signal: AbortSignal | undefined
}

/** What `topic.history` was given. Throws `invalid-argument`. */
export function checkReadHistory(given: ReadHistoryOptions): CheckedRead {
  const options = checkKeys('options', given, ['since', 'limit', 'live', 'signal'])
  const { since, limit, live, signal } = options as ReadHistoryOptions
  if (live !== undefined && typeof live !== 'boolean') refuse('live', live, 'true or false')
  return {
    since: checkInteger('since', since ?? 0, 0, Number.MAX_SAFE_INTEGER),
    limit:
      limit === undefined ? Number.MAX_SAFE_INTEGER : checkInteger('limit', limit, 1, MOST_OPS),
    live: live ?? false,
    signal: checkSignal('signal', signal),
  }
}

/** Guess: beyond it a topic wants a database and not a mesh. */
const MOST_OPS = 1_000_000
const CENTURY_MS = 100 * 365.25 * 24 * 60 * 60 * 1000

// What crosses the port in numbers is told by runs: messages of one author that came the same way, outcomes of
// broadcasts made one after the other. An object of its own for each costs more to clone than its contents.
import { openBundle } from '../core/bundle.js'
import { formatMessageId, type PeerId } from '../core/ids.js'
import type { TopicEvent } from '../core/io.js'
import type { BroadcastOutcome, ClientEvent, NodeEvent } from './node-messages.js'

type ReceivedEvent = Extract<TopicEvent, { type: 'received' }>

/** Received messages of one author, straight after one another from one neighbor; a column for each field. */
export interface ReceivedRun {
  type: 'received-run'
  author: PeerId
  verified: boolean
  deliveredFrom: PeerId
  seqs: number[]
  times: number[]
  rounds: number[]
  /** Where each content ends in `contents`. */
  ends: number[]
  contents: Uint8Array
}

/** Broadcasts made one after the other: refs and seqs both count up from the first. */
export interface OutcomeRun {
  ok: true
  ref: number
  count: number
  author: PeerId
  seq: number
  neighbors: number
}

/**
 * The same events, their contents copied out of the packets they came in: a view is posted together with
 * all of the buffer under it, and the packet belongs to others. Contents of a run share a buffer of at most
 * 64 KiB or have, from 16 KiB on, their own; all are transferred. The events given stay as they are.
 */
export function packEvents(events: readonly NodeEvent[]): {
  events: (NodeEvent | ReceivedRun)[]
  transfer: ArrayBuffer[]
} {
  const packed: (NodeEvent | ReceivedRun)[] = []
  const transfer: ArrayBuffer[] = []
  for (let i = 0; i < events.length; ) {
    const first = events[i]!
    if (first.type === 'received-bundle') {
      const bundle = first.bundle.slice()
      packed.push({ ...first, bundle })
      transfer.push(bundle.buffer)
      i++
    } else if (first.type !== 'received') {
      packed.push(first)
      i++
    } else if (first.scope.kind === 'neighbors') {
      const content = first.content.slice()
      packed.push({ ...first, content })
      transfer.push(content.buffer)
      i++
    } else {
      const end = runEnd(events, i, first)
      const run = runOf(events.slice(i, end) as ReceivedEvent[], first)
      packed.push(run)
      transfer.push(run.contents.buffer as ArrayBuffer)
      i = end
    }
  }
  return { events: packed, transfer }
}

/** Calls for each event what `packEvents` was given, in its order. */
export function unpackEvents(
  packed: readonly (NodeEvent | ReceivedRun)[],
  each: (event: ClientEvent) => void,
): void {
  for (const event of packed) {
    if (event.type === 'received-run') unpackRun(event, each)
    else if (event.type === 'received-bundle') unpackBundle(event, each)
    else each(event)
  }
}

/** Adds an outcome to those not yet posted; where it goes on the last run, it only makes that longer. */
export function addOutcome(
  outcomes: (BroadcastOutcome | OutcomeRun)[],
  next: Omit<OutcomeRun, 'ok'>,
): void {
  const last = outcomes.at(-1)
  const goesOn =
    last !== undefined &&
    'seq' in last &&
    next.ref === last.ref + last.count &&
    next.seq === last.seq + last.count &&
    next.neighbors === last.neighbors &&
    next.author === last.author
  if (goesOn) last.count += next.count
  else outcomes.push({ ok: true, ...next })
}

export function unpackOutcomes(
  outcomes: readonly (BroadcastOutcome | OutcomeRun)[],
  each: (outcome: BroadcastOutcome) => void,
): void {
  for (const outcome of outcomes) {
    if (!('seq' in outcome)) {
      const count = outcome.ok ? 1 : (outcome.count ?? 1)
      for (let i = 0; i < count; i++) each({ ...outcome, ref: outcome.ref + i })
      continue
    }
    const { ref, seq, author, neighbors } = outcome
    for (let i = 0; i < outcome.count; i++) {
      each({ ref: ref + i, ok: true, id: formatMessageId({ author, seq: seq + i }), neighbors })
    }
  }
}

function runEnd(events: readonly NodeEvent[], start: number, first: ReceivedEvent): number {
  let bytes = first.content.length
  let end = start + 1
  if (bytes >= OWN_BUFFER_BYTES) return end
  for (; end < events.length; end++) {
    const event = events[end]!
    if (event.type !== 'received' || event.scope.kind !== first.scope.kind) break
    const { author, deliveredFrom, verified, content } = event
    if (author !== first.author || deliveredFrom !== first.deliveredFrom) break
    if (verified !== first.verified || content.length >= OWN_BUFFER_BYTES) break
    if ((bytes += content.length) > RUN_BYTES) break
  }
  return end
}

function runOf(events: readonly ReceivedEvent[], first: ReceivedEvent): ReceivedRun {
  const { author, verified, deliveredFrom } = first
  const run: ReceivedRun = {
    type: 'received-run',
    author,
    verified,
    deliveredFrom,
    seqs: [],
    times: [],
    rounds: [],
    ends: [],
    contents: NO_BYTES,
  }
  let end = 0
  for (const { content, seq, time, scope } of events) {
    end += content.length
    run.seqs.push(seq)
    run.times.push(time)
    run.rounds.push(scope.kind === 'swarm' ? scope.round : FROM_HISTORY)
    run.ends.push(end)
  }
  run.contents = new Uint8Array(end)
  events.forEach(({ content }, i) => {
    run.contents.set(content, run.ends[i]! - content.length)
  })
  return run
}

function unpackRun(run: ReceivedRun, each: (event: ClientEvent) => void): void {
  const { author, verified, deliveredFrom } = run
  let start = 0
  for (let i = 0; i < run.seqs.length; i++) {
    const seq = run.seqs[i]!
    const end = run.ends[i]!
    const round = run.rounds[i]!
    const fromHistory = round === FROM_HISTORY
    each({
      type: 'received',
      content: run.contents.subarray(start, end),
      author,
      verified,
      seq,
      time: run.times[i]!,
      id: formatMessageId({ author, seq }),
      deliveredFrom,
      scope: fromHistory ? { kind: 'history' } : { kind: 'swarm', round },
      fromHistory,
    })
    start = end
  }
}

function unpackBundle(
  event: Extract<NodeEvent, { type: 'received-bundle' }>,
  each: (event: ClientEvent) => void,
): void {
  const { author, verified, time, deliveredFrom, scope } = event
  const fromHistory = scope.kind === 'history'
  openBundle(event.bundle, (content, i) => {
    const seq = event.seq + i
    const id = formatMessageId({ author, seq })
    each({
      type: 'received',
      content,
      author,
      verified,
      seq,
      time,
      id,
      deliveredFrom,
      scope,
      fromHistory,
    })
  })
}

/** From here on a buffer of its own is cheaper than the copy (measured in Chromium 156). */
const OWN_BUFFER_BYTES = 16 << 10
/** What a reader that keeps one small message may keep along with it. */
const RUN_BYTES = 64 << 10
/** In the place of a round. */
const FROM_HISTORY = -1
const NO_BYTES = new Uint8Array(0)

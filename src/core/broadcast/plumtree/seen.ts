import type { Millis, PeerId } from '../../ids.js'
import type { SeenIds } from '../broadcast.js'
import type { Counts } from './outbox.js'
import { Ranges } from './ranges.js'

export interface SeenOptions {
  /** An id is known for at least this long, and at most one bucket longer. */
  retentionMs: number
  /** Authors kept; the longest silent goes first. */
  authors: number
  /** What an author said before the retention stays known: see `Author.floor`. */
  floors: boolean
  /** Somebody fetches what is fresh, for a store. */
  saves: boolean
  outbox: Counts
}

/**
 * Which messages were seen: per author, in buckets of ten seconds, as ranges. A bucket goes as a whole,
 * so forgetting costs nothing per message.
 */
export class Seen {
  readonly #options: SeenOptions
  #authors = NOBODY
  #fresh: Fresh[] = []
  #ranges = 0
  /** The bucket that is being filled. */
  #since: Millis = 0
  #until: Millis = 0
  /** The beginning of the oldest bucket held. */
  #oldest: Millis | undefined

  constructor(options: SeenOptions) {
    this.#options = options
  }

  has(author: PeerId, seq: number): boolean {
    const known = this.#authors.get(author)
    return known !== undefined && covers(known, seq)
  }

  /** The lowest sequence number from `seq` on that is not known. Skips ranges, not numbers. */
  nextUnknown(author: PeerId, seq: number): number {
    const known = this.#authors.get(author)
    if (known === undefined || seq > known.highest) return seq
    const { buckets } = known
    let at = Math.max(seq, known.floor + 1)
    // The newest first: most of what is asked for was said just now.
    for (let i = buckets.length - 1; i >= 0 && at <= known.highest; i--) {
      const end = buckets[i]!.ranges.endOf(at)
      if (end === 0) continue
      at = end + 1
      i = buckets.length
    }
    return at
  }

  /** Notes a message's numbers; false where its last was known already, undefined where only others were. */
  add(now: Millis, author: PeerId, seq: number, first = seq): boolean | undefined {
    if (now >= this.#until) {
      this.#since = bucketOf(now)
      this.#until = this.#since + BUCKET_MS
    }
    const known = this.#authors.get(author) ?? this.#admit(author)
    if (covers(known, seq)) return false
    const isNew = first === seq || !covers(known, first, seq)
    this.#insert(this.#bucket(author, known), first, seq)
    if (seq > known.highest) known.highest = seq
    if (this.#options.saves) this.#note(author, known, first, seq)
    return isNew || undefined
  }

  /** Takes in what a store kept from before a reload. */
  recall(now: Millis, seen: readonly SeenIds[]): void {
    for (const { author, since, ranges } of seen) {
      const known = this.#authors.get(author) ?? this.#admit(author)
      // A clock set back between two visits must not make a bucket that outlives its retention.
      const start = Math.min(bucketOf(since), bucketOf(now))
      for (const [first, last] of ranges) {
        if (!(first >= 1 && last >= first)) continue
        if (start > this.#horizon(now)) this.#insert(bucketAt(known, start), first, last)
        else if (this.#options.floors) known.floor = Math.max(known.floor, last)
        else continue
        known.highest = Math.max(known.highest, last)
      }
      if (known.highest === 0) this.#authors.delete(author)
      const eldest = known.buckets[0]
      if (eldest !== undefined) this.#oldest = Math.min(this.#oldest ?? eldest.since, eldest.since)
    }
  }

  /** What was added since the last call; recalled ids are not among it. */
  takeFresh(): SeenIds[] {
    const taken = this.#fresh.map(({ author, since, ranges }) => ({
      author,
      since,
      ranges: ranges.toPairs(),
    }))
    for (const { owner } of this.#fresh) owner.fresh = undefined
    this.#fresh = []
    return taken
  }

  /** When the next bucket falls due. */
  get nextExpiry(): Millis | undefined {
    return this.#oldest === undefined
      ? undefined
      : this.#oldest + BUCKET_MS + this.#options.retentionMs
  }

  expire(now: Millis): void {
    if (this.nextExpiry === undefined || this.nextExpiry > now) return
    const horizon = this.#horizon(now)
    this.#oldest = undefined
    for (const [author, known] of this.#authors) {
      while (known.buckets.length > 0 && known.buckets[0]!.since <= horizon) {
        const { ranges } = known.buckets.shift()!
        this.#ranges -= ranges.count
        if (this.#options.floors) known.floor = Math.max(known.floor, ranges.highest)
      }
      const eldest = known.buckets[0]
      if (eldest !== undefined) this.#oldest = Math.min(this.#oldest ?? eldest.since, eldest.since)
      else if (known.floor === 0) this.#authors.delete(author)
    }
    const stale = this.#fresh.filter(entry => entry.since <= horizon)
    for (const entry of stale) if (entry.owner.fresh === entry) entry.owner.fresh = undefined
    if (stale.length > 0) this.#fresh = this.#fresh.filter(entry => entry.since > horizon)
  }

  /** How much is held, for bounds. */
  get size(): { authors: number; ranges: number; fresh: number } {
    return { authors: this.#authors.size, ranges: this.#ranges, fresh: this.#fresh.length }
  }

  /** Buckets that begin here or before are past their retention. Inclusive, like every expiry. */
  #horizon(now: Millis): Millis {
    return now - this.#options.retentionMs - BUCKET_MS
  }

  #admit(author: PeerId): Author {
    if (this.#authors.size >= this.#options.authors) {
      for (const [silent, known] of this.#authors) {
        this.#forget(silent, known)
        break
      }
      this.#options.outbox.count('seen-authors-dropped')
    }
    if (this.#authors === NOBODY) this.#authors = new Map()
    const known: Author = { buckets: [], highest: 0, floor: 0, fresh: undefined }
    this.#authors.set(author, known)
    return known
  }

  #forget(author: PeerId, known: Author): void {
    for (const { ranges } of known.buckets) this.#ranges -= ranges.count
    this.#authors.delete(author)
  }

  #bucket(author: PeerId, known: Author): Bucket {
    const newest = known.buckets[known.buckets.length - 1]
    if (newest !== undefined && newest.since === this.#since) return newest
    const bucket = { since: this.#since, ranges: new Ranges() }
    if (newest === undefined) known.buckets = [bucket]
    else known.buckets.push(bucket)
    this.#oldest ??= this.#since
    // The map's order is the order of silence, to ten seconds: once a bucket, not once a message.
    this.#authors.delete(author)
    this.#authors.set(author, known)
    return bucket
  }

  /** An author full of holes pays for them: its lowest gap is taken as seen, nobody else's ids go. */
  #insert({ ranges }: Bucket, first: number, last: number): void {
    const grown = ranges.add(first, last)
    if (grown === 0) return
    this.#ranges += grown
    const crowded = ranges.count > RANGES_PER_BUCKET || this.#ranges > RANGES_IN_ALL
    if (grown < 0 || !crowded || ranges.count < 2) return
    ranges.closeLowestGap()
    this.#ranges--
    this.#options.outbox.count('seen-gaps-closed')
  }

  #note(author: PeerId, known: Author, first: number, last: number): void {
    let fresh = known.fresh
    if (fresh === undefined || fresh.since !== this.#since) {
      if (this.#fresh.length >= this.#options.authors) {
        this.#options.outbox.count('seen-unsaved')
        return
      }
      fresh = { author, owner: known, since: this.#since, ranges: new Ranges() }
      known.fresh = fresh
      this.#fresh.push(fresh)
    }
    fresh.ranges.add(first, last)
    if (fresh.ranges.count > RANGES_PER_BUCKET) fresh.ranges.closeLowestGap()
  }
}

/** Nobody is put in. */
const NOBODY: Map<PeerId, Author> = /* @__PURE__ */ new Map()

interface Bucket {
  readonly since: Millis
  readonly ranges: Ranges
}

interface Author {
  /** Oldest first. */
  buckets: Bucket[]
  highest: number
  /**
   * Every seq up to here counts as known. Departs from the seed, which forgets an id after 90 s so that a
   * replay is new again: an author's numbers only rise, so the highest forgotten one says enough. Only
   * where messages are signed; elsewhere anyone could write a victim's name under a huge number.
   */
  floor: number
  fresh: Fresh | undefined
}

interface Fresh extends Bucket {
  readonly author: PeerId
  readonly owner: Author
}

/** Any of them. */
function covers(known: Author, first: number, last = first): boolean {
  if (first > known.highest) return false
  if (first <= known.floor) return true
  for (let i = known.buckets.length - 1; i >= 0; i--) {
    if (known.buckets[i]!.ranges.meets(first, last)) return true
  }
  return false
}

function bucketAt(known: Author, since: Millis): Bucket {
  let at = known.buckets.length
  while (at > 0 && known.buckets[at - 1]!.since > since) at--
  const there = known.buckets[at - 1]
  if (there !== undefined && there.since === since) return there
  const bucket = { since, ranges: new Ranges() }
  known.buckets.splice(at, 0, bucket)
  return bucket
}

function bucketOf(now: Millis): Millis {
  return Math.floor(now / BUCKET_MS) * BUCKET_MS
}

/** How finely ids are forgotten; what a store keeps is cut the same way. Guess. */
export const BUCKET_MS = 10_000

/** Ranges one author may have in a bucket; an author who loses nothing has one. Guess. */
export const RANGES_PER_BUCKET = 256

/** Ranges of all authors together: 4 MiB of numbers. Guess. */
export const RANGES_IN_ALL = 262_144

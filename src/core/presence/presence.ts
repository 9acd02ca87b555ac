import { sameBytes } from '../../codec/bytes.js'
import type { Deadline } from '../deadline.js'
import type { Millis, PeerId } from '../ids.js'
import type { NeighborDownReason } from '../membership/membership.js'
import { Timers } from '../timers.js'
import { Budgets } from './budgets.js'
import { Own } from './own.js'
import {
  LARGEST_PRESENCE_BYTES,
  LONGEST_LIFETIME_MS,
  type PresenceDraft,
  type PresenceEntry,
  type PresenceStatement,
} from './statement.js'

export type PresenceOutput =
  | { type: 'seal'; draft: PresenceDraft }
  | { type: 'show'; peer: PeerId; value: Uint8Array | undefined; time: number }
  /** To a neighbor, in a GOSP. */
  | { type: 'say'; to: PeerId; entries: PresenceEntry[] }
  | { type: 'count'; counter: string }

/**
 * Who is here and what they show of themselves, in one topic. Whoever hears a newer statement passes it to those
 * of its neighbors that are not linked with its author, so that one costs about as many frames as there are links; they are
 * said again every third of their lifetime, and are gone when it is over. In a full mesh each peer tells all others
 * directly, once, and is gone when its neighbors lose it. Bounds: each peer says
 * four a second at most, keeps `MOST_PEERS`, and a newcomer is told what its neighbors keep.
 */
export class Presence {
  readonly #self: PeerId
  readonly #timers = new Timers<'seal' | 'say' | 'refresh' | 'expire'>()
  readonly #kept = new Map<PeerId, Kept>()
  /** By neighbor: whose newest statement it was not told yet. */
  readonly #untold = new Map<PeerId, Set<PeerId>>()
  #budgets: Budgets | undefined
  #out: PresenceOutput[] = []
  #mesh: Mesh
  readonly #hasLink: (neighbor: PeerId, peer: PeerId) => boolean
  readonly #own = new Own()
  #sealedAt: Millis = Number.NEGATIVE_INFINITY
  #saidAt: Millis = Number.NEGATIVE_INFINITY

  /** `hasLink`: whether that neighbor has a link with that peer, and so is told by it. */
  constructor(self: PeerId, hasLink: (neighbor: PeerId, peer: PeerId) => boolean) {
    this.#self = self
    this.#hasLink = hasLink
  }

  // ——— our own

  /** Said at most four times a second, the newest of what was set between. */
  set(now: Millis, value: Uint8Array | undefined): PresenceOutput[] {
    if (value !== undefined && value.length > LARGEST_PRESENCE_BYTES) {
      throw new RangeError(`presence: ${value.length} bytes of at most ${LARGEST_PRESENCE_BYTES}`)
    }
    const { value: before, statement } = this.#own
    if (value === undefined && before === undefined && statement === undefined) return []
    this.#own.value = value
    this.#sealSoon(now)
    return this.#take()
  }

  sealed(now: Millis, statement: PresenceStatement): PresenceOutput[] {
    if (!this.#own.sealed(statement)) return []
    for (const neighbor of this.#untold.keys()) this.#owe(neighbor, this.#self)
    this.#saySoon(now)
    return this.#take()
  }

  /** We leave: where neighbors are not all there are they take the word of it to the others. */
  leave(): PresenceOutput[] {
    const statement = this.#own.farewell
    if (statement === undefined || this.#mesh === 'complete') return []
    const entries = [{ peer: this.#self, statement, leftMs: statement.lifetimeMs }]
    return [...this.#untold.keys()].map(to => ({ type: 'say', to, entries }))
  }

  // ——— neighbors

  neighborUp(now: Millis, peer: PeerId): PresenceOutput[] {
    this.#untold.set(peer, NOTHING_OWED)
    if (this.#own.statement !== undefined) this.#owe(peer, this.#self)
    for (const [other, { isGone }] of this.#kept) {
      // Its own too: where it lost its memory, or its clock went back, it hears what its next word must be newer than.
      if (other === peer || !isGone) this.#owe(peer, other)
    }
    const kept = this.#kept.get(peer)
    if (kept?.isSilent) this.#back(peer, kept)
    if (kept !== undefined && !kept.isGone) kept.until = Number.POSITIVE_INFINITY
    this.#saySoon(now)
    return this.#take()
  }

  /** Comes before `neighborUp`, and by itself where the neighbor stayed one: what the old link carried is lost. */
  linkUp(now: Millis, peer: PeerId): PresenceOutput[] {
    const kept = this.#kept.get(peer)
    if (kept !== undefined) kept.isSilent = false
    return this.#untold.has(peer) ? this.neighborUp(now, peer) : []
  }

  neighborDown(now: Millis, peer: PeerId, reason: NeighborDownReason): PresenceOutput[] {
    this.#untold.delete(peer)
    const kept = this.#kept.get(peer)
    if (kept !== undefined && !kept.isGone) {
      this.#keepFor(now, kept, kept.statement.lifetimeMs)
      // Where neighbors are few, one that is lost may only be somebody else's now.
      if (reason === 'left' || this.#mesh !== undefined) this.#gone(peer, kept)
      kept.isSilent = kept.isGone && reason === 'link-lost'
    }
    return this.#take()
  }

  /** Where all have links to all, nobody needs to hear again what they heard. */
  mesh(now: Millis, mesh: Mesh): void {
    this.#mesh = mesh
    if (mesh === 'complete') this.#timers.clear('refresh')
    else if (this.#own.value !== undefined) {
      this.#timers.ensure('refresh', now + this.#lifetimeMs / SAID_AGAIN_TIMES)
    }
  }

  // ——— what they say

  /** Signatures were checked. */
  hear(now: Millis, from: PeerId, entries: readonly PresenceEntry[]): PresenceOutput[] {
    for (const entry of entries) {
      if (entry.peer === this.#self) this.#heardOwn(now, entry.statement)
      else this.#hearOne(now, from, entry)
    }
    return this.#take()
  }

  /** Whether it is no news, and not worth a look at its signature. */
  knows(peer: PeerId, time: number): boolean {
    if (peer === this.#self) return this.#own.knows(time)
    const kept = this.#kept.get(peer)
    return kept !== undefined && !kept.isGone && kept.statement.time >= time
  }

  /** What that neighbor is still to be told, as much as fits a GOSP. */
  takeFor(now: Millis, peer: PeerId): PresenceEntry[] {
    const untold = this.#untold.get(peer)
    const entries: PresenceEntry[] = []
    if (untold === undefined) return entries
    let bytes = 0
    for (const other of untold) {
      const kept = this.#kept.get(other)
      if (other !== peer && kept !== undefined) {
        // Told by its author; and by us should that link go.
        if (this.#hasLink(peer, other)) continue
        if (kept.isGone && kept.statement.value !== undefined) {
          untold.delete(other)
          continue
        }
      }
      const statement = other === this.#self ? this.#own.statement : kept?.statement
      bytes += ENTRY_BYTES + (statement?.value?.length ?? 0)
      if (entries.length === MOST_IN_ONE || (bytes > MOST_BYTES_IN_ONE && entries.length > 0)) break
      untold.delete(other)
      if (statement === undefined) continue
      const leftMs = Math.min(statement.lifetimeMs, Math.floor((kept?.until ?? Infinity) - now))
      if (leftMs > 0) entries.push({ peer: other, statement, leftMs })
    }
    return entries
  }

  /** What is shown, the latest word last. */
  get shown(): { peer: PeerId; value: Uint8Array; time: number }[] {
    const shown: { peer: PeerId; value: Uint8Array; time: number }[] = []
    for (const [peer, { statement, isGone }] of this.#kept) {
      const { value, time } = statement
      if (value !== undefined && !isGone) shown.push({ peer, value, time })
    }
    return shown
  }

  // ——— time

  get nextDeadline(): Deadline | undefined {
    return this.#timers.next
  }

  wake(now: Millis): PresenceOutput[] {
    for (const timer of this.#timers.due(now)) {
      if (timer === 'seal' || timer === 'refresh') this.#seal(now)
      else if (timer === 'say') this.#say(now)
      else this.#expire(now)
    }
    return this.#take()
  }

  // ——— inside

  #sealSoon(now: Millis): void {
    const at = this.#sealedAt + GAP_MS
    if (at <= now) this.#seal(now)
    else this.#timers.ensure('seal', at)
  }

  #seal(now: Millis): void {
    this.#sealedAt = now
    this.#timers.clear('seal')
    this.#timers.clear('refresh')
    const lifetimeMs = this.#lifetimeMs
    for (const draft of this.#own.drafts(now, lifetimeMs)) this.#out.push({ type: 'seal', draft })
    if (this.#own.value === undefined || this.#mesh === 'complete') return
    this.#timers.set('refresh', now + lifetimeMs / SAID_AGAIN_TIMES)
  }

  /** The more there are, the less often each says it again: about one a second in all. */
  get #lifetimeMs(): number {
    let living = 0
    for (const { isGone } of this.#kept.values()) if (!isGone) living++
    return Math.min(LONGEST_LIFETIME_MS, Math.max(LIFETIME_MS, living * SAID_AGAIN_TIMES * 1_000))
  }

  /** The neighbor is still to be told that peer's newest. */
  #owe(neighbor: PeerId, peer: PeerId): void {
    let untold = this.#untold.get(neighbor)!
    if (untold === NOTHING_OWED) this.#untold.set(neighbor, (untold = new Set()))
    untold.add(peer)
  }

  #saySoon(now: Millis): void {
    for (const untold of this.#untold.values()) {
      if (untold.size === 0) continue
      this.#timers.ensure('say', Math.max(now, this.#saidAt + GAP_MS))
      return
    }
  }

  #say(now: Millis): void {
    let isMore = false
    for (const to of this.#untold.keys()) {
      const entries = this.takeFor(now, to)
      if (entries.length === 0) continue
      this.#saidAt = now
      isMore = true
      this.#out.push({ type: 'say', to, entries })
    }
    if (isMore) this.#saySoon(now)
  }

  #heardOwn(now: Millis, { value, time }: PresenceStatement): void {
    if (this.#own.knows(time)) return
    // Unsigned it may be anyone's.
    if (time > now + FARTHEST_MS) return this.#count('presence-of-ours-too-late')
    this.#own.heard(time)
    if (value !== undefined || this.#own.statement !== undefined) this.#sealSoon(now)
  }

  #hearOne(now: Millis, from: PeerId, { peer, statement, leftMs }: PresenceEntry): void {
    const before = this.#kept.get(peer)
    const { time } = statement
    // Any word can be brought again by whoever heard it: not for ever.
    if (from !== peer && Math.abs(now - time) > FARTHEST_MS) {
      return this.#count('presence-of-another-time')
    }
    if (before !== undefined) {
      if (time >= before.statement.time) this.#untold.get(from)?.delete(peer)
      const isBack = before.isGone && from === peer
      if (time <= before.statement.time && !isBack) return
    }
    this.#budgets ??= new Budgets()
    if (from !== peer && !this.#budgets.spend(now, from, this.#untold.has(from))) {
      return this.#count('presence-over-budget')
    }
    const isNeighbor = this.#untold.has(peer)
    if (before === undefined && !this.#hasRoom(isNeighbor)) return this.#count('presence-no-room')
    const kept: Kept = {
      statement: ownCopy(statement),
      until: Number.POSITIVE_INFINITY,
      isGone: false,
      isSilent: false,
    }
    this.#kept.delete(peer)
    this.#kept.set(peer, kept)
    if (!isNeighbor) this.#keepFor(now, kept, leftMs)
    const { value } = kept.statement
    const shown = before === undefined || before.isGone ? undefined : before.statement.value
    if (!sameValue(shown, value)) this.#out.push({ type: 'show', peer, value, time })
    let isNews = false
    for (const neighbor of this.#untold.keys()) {
      if (neighbor === from || neighbor === peer) continue
      this.#owe(neighbor, peer)
      isNews ||= !this.#hasLink(neighbor, peer)
    }
    if (isNews) this.#saySoon(now)
  }

  #keepFor(now: Millis, kept: Kept, ms: number): void {
    kept.until = now + Math.min(kept.statement.lifetimeMs, ms)
    const next = this.#timers.has('expire') ? this.#nextExpiry : Number.POSITIVE_INFINITY
    if (kept.until >= next) return
    this.#nextExpiry = kept.until
    this.#timers.set('expire', kept.until)
  }
  #nextExpiry: Millis = Number.POSITIVE_INFINITY

  #expire(now: Millis): void {
    let next = Number.POSITIVE_INFINITY
    for (const [peer, kept] of this.#kept) {
      if (kept.isGone) continue
      if (kept.until > now) next = Math.min(next, kept.until)
      else this.#gone(peer, kept)
    }
    this.#nextExpiry = next
    if (next !== Number.POSITIVE_INFINITY) this.#timers.set('expire', next)
  }

  /** Kept while there is room, so that an old statement that still goes round, or is brought again, does not bring it back. */
  #gone(peer: PeerId, kept: Kept): void {
    kept.isGone = true
    const { value, time } = kept.statement
    if (value !== undefined) this.#out.push({ type: 'show', peer, value: undefined, time })
  }

  /** Its link stood all the while: it does not know that it was gone, and will not say it again. */
  #back(peer: PeerId, kept: Kept): void {
    kept.isGone = kept.isSilent = false
    const { value, time } = kept.statement
    if (value !== undefined) this.#out.push({ type: 'show', peer, value, time })
  }

  /** Those that are gone make room first, then, for a neighbor, the longest silent of those that are none. */
  #hasRoom(isNeighbor: boolean): boolean {
    if (this.#kept.size < MOST_PEERS) return true
    let victim: PeerId | undefined
    for (const [peer, { isGone, statement }] of this.#kept) {
      if (isGone || statement.value === undefined) {
        victim = peer
        break
      }
      if (isNeighbor && !this.#untold.has(peer)) victim ??= peer
    }
    if (victim === undefined) return false
    const kept = this.#kept.get(victim)!
    if (!kept.isGone) this.#gone(victim, kept)
    return this.#kept.delete(victim)
  }

  #count(counter: string): void {
    this.#out.push({ type: 'count', counter })
  }

  #take(): PresenceOutput[] {
    const out = this.#out
    this.#out = []
    return out
  }
}

/** Everyone is to be everyone's neighbor, and is; undefined where neighbors are some of many. */
type Mesh = 'forming' | 'complete' | undefined

/** Never added to: in most topics nobody shows anything. */
const NOTHING_OWED: Set<PeerId> = new Set()

interface Kept {
  statement: PresenceStatement
  /** When it is over; never for a neighbor. */
  until: Millis
  isGone: boolean
  /** It was a neighbor, went without a word, and no new link came since. */
  isSilent: boolean
}

function sameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b)
}

/** What is decoded is a view of its packet, which must not live as long. */
function ownCopy({ value, time, lifetimeMs, signature }: PresenceStatement): PresenceStatement {
  return { value: value?.slice(), time, lifetimeMs, signature: signature?.slice() }
}

/** Clocks differ, and those of laptops stand still while they sleep. Guess: a week. */
const FARTHEST_MS = 604_800_000
/** Four words a second: quick enough for "is typing". Guess. */
const GAP_MS = 250
/** As three lost heartbeats of half a minute. Guess. */
const LIFETIME_MS = 90_000
const SAID_AGAIN_TIMES = 3
/** Guess: 300 KiB where each says as much as it may. */
const MOST_PEERS = 256
/** A GOSP with presence stays well below a packet. Guess. */
const MOST_BYTES_IN_ONE = 8_192
const MOST_IN_ONE = 64
/** Id, time, lifetime, signature and lengths. */
const ENTRY_BYTES = 112

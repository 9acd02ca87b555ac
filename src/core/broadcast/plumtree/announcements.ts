import type { PeerId } from '../../ids.js'
import { type Cached, type MessageCache, NOBODY } from './message-cache.js'
import { type Announcement, LONGEST_RUN, MOST_RUNS, type PlumtreeMessage } from './messages.js'

/** Messages as runs: consecutive numbers of one author in one round. */
export class Runs {
  #runs: Announcement[] = []
  /** The last of each author; made where one has spoken after another. */
  #open: Map<PeerId, Announcement> | undefined

  add({ message: { author, seq }, round }: Cached): void {
    const [first] = this.#runs
    const run = this.#open === undefined ? first : this.#open.get(author)
    if (
      run !== undefined &&
      run.author === author &&
      run.round === round &&
      run.first + run.count === seq &&
      run.count < LONGEST_RUN
    ) {
      run.count++
      return
    }
    const begun = { author, first: seq, count: 1, round }
    // Most hold one run: nothing is made for more.
    if (first === undefined) this.#runs = [begun]
    else {
      this.#open ??= new Map([[first.author, first]])
      this.#open.set(author, begun)
      this.#runs.push(begun)
    }
  }

  messages(): PlumtreeMessage[] {
    const runs = this.#runs
    if (runs.length === 1) return [{ type: 'ihave', announcements: runs }]
    const messages: PlumtreeMessage[] = []
    for (let at = 0; at < runs.length; at += MOST_RUNS) {
      messages.push({ type: 'ihave', announcements: runs.slice(at, at + MOST_RUNS) })
    }
    return messages
  }
}

/**
 * Announcements that wait for company. One queue for all lazy peers, each entry with those it is for: what
 * is for a peer that left needs no purging, it is never written.
 */
export class LazyQueue {
  #waiting: Cached[] = []

  get length(): number {
    return this.#waiting.length
  }

  push(cached: Cached, peers: readonly PeerId[]): void {
    cached.announceTo = peers
    this.#waiting.push(cached)
  }

  /** Who announces a message need not be told of it. Looks along the run or the queue, whichever is shorter. */
  noteHolder(peer: PeerId, { author, first, count }: Announcement, cache: MessageCache): void {
    if (count <= this.#waiting.length) {
      for (let seq = first; seq < first + count; seq++) addHolder(cache.get(author, seq), peer)
      return
    }
    for (const cached of this.#waiting) {
      const { message } = cached
      if (message.author !== author || message.seq < first || message.seq >= first + count) continue
      addHolder(cached, peer)
    }
  }

  /** What to tell whom; empties the queue. What the cache has lost meanwhile is not promised. */
  take(isNeighbor: (peer: PeerId) => boolean): Map<PeerId, Runs> {
    const told = new Map<PeerId, Runs>()
    for (const cached of this.#waiting) {
      const { announceTo, holders } = cached
      // From now on nobody asks for them, and there are tens of thousands.
      cached.announceTo = cached.holders = NOBODY
      if (cached.gone) continue
      for (const peer of announceTo) {
        if (peer === cached.giver || holders.includes(peer)) continue
        let runs = told.get(peer)
        if (runs === undefined) {
          if (!isNeighbor(peer)) continue
          told.set(peer, (runs = new Runs()))
        }
        runs.add(cached)
      }
    }
    this.#waiting = []
    return told
  }
}

function addHolder(cached: Cached | undefined, peer: PeerId): void {
  if (cached === undefined || cached.announceTo === NOBODY) return
  if (!cached.holders.includes(peer)) cached.holders = [...cached.holders, peer]
}

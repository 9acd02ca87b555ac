import type { Millis, PeerId } from '../../ids.js'
import { Tree } from './tree.js'

/** The tree that all sources share, and one for each active source. */
export class Trees {
  readonly shared = new Tree()
  /** The longest unheard first. */
  #sources = NOBODY
  /** The last of them: most of what comes is about its messages. */
  #newest: Source | undefined
  readonly #perSource: boolean

  constructor(perSource: boolean) {
    this.#perSource = perSource
  }

  *all(): IterableIterator<Tree> {
    yield this.shared
    for (const { tree } of this.#sources.values()) if (tree !== undefined) yield tree
  }

  /** The tree that this author's messages travel. */
  of(author: PeerId): Tree {
    const newest = this.#newest
    return (newest?.author === author ? newest : this.#sources.get(author))?.tree ?? this.shared
  }

  /** The tree that a prune or a graft names; undefined where it can't be kept. */
  named(now: Millis, source: PeerId | undefined): Tree | undefined {
    if (source === undefined) return this.shared
    if (!this.#perSource) return undefined
    return this.#sources.get(source)?.tree ?? this.#grow(now, source, this.#remember(now, source))
  }

  /** A new message of this author; soon it has a tree of its own. */
  hear(now: Millis, author: PeerId): Tree {
    if (!this.#perSource) return this.shared
    const source = this.#remember(now, author)
    source.heard++
    if (source.tree !== undefined) return source.tree
    if (source.heard < HEARD_FOR_A_TREE) return this.shared
    return this.#grow(now, author, source) ?? this.shared
  }

  add(peer: PeerId): void {
    for (const tree of this.all()) tree.add(peer)
  }

  remove(peer: PeerId): void {
    for (const tree of this.all()) tree.remove(peer)
  }

  #remember(now: Millis, author: PeerId): Source {
    const newest = this.#newest
    let source = newest?.author === author ? newest : this.#sources.get(author)
    if (source === undefined || now - source.heardAt >= ACTIVE_MS) {
      source = { author, heard: 0, heardAt: now, tree: undefined }
    }
    source.heardAt = now
    if (source === newest) return source
    this.#newest = source
    if (this.#sources === NOBODY) this.#sources = new Map()
    this.#sources.delete(author)
    this.#sources.set(author, source)
    if (this.#sources.size > REMEMBERED) {
      const [longestUnheard] = this.#sources.keys()
      this.#sources.delete(longestUnheard!)
    }
    return source
  }

  /** Where more are active, peers would not agree on whose trees to keep: then no more grow. */
  #grow(now: Millis, author: PeerId, source: Source): Tree | undefined {
    let active = 0
    for (const other of this.#sources.values()) {
      if (now - other.heardAt >= ACTIVE_MS) other.tree = undefined
      else if (other.tree !== undefined || other.heard >= HEARD_TO_BE_ACTIVE) active++
    }
    if (active > SOURCES) return undefined
    source.tree = new Tree(author, this.shared)
    return source.tree
  }
}

/** Nobody is put in. */
const NOBODY: Map<PeerId, Source> = /* @__PURE__ */ new Map()

interface Source {
  readonly author: PeerId
  heard: number
  heardAt: Millis
  tree: Tree | undefined
}

/** Sources with a tree. Guess. */
const SOURCES = 32

/** A source unheard for so long loses its tree. Guess. */
const ACTIVE_MS = 60_000

/** Messages of a source before it has a tree. Guess. */
const HEARD_FOR_A_TREE = 3

/** Messages that make a source one that will have a tree. */
const HEARD_TO_BE_ACTIVE = 2

/** Sources that are counted. Guess. */
const REMEMBERED = 256

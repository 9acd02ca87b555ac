import type { Millis, TopicId } from '../core/ids.js'
import { Agenda, type Occurrence } from './agenda.js'
import type { World } from './world.js'

/** The overlay of one topic at one moment: the living, by number, and whom each calls neighbor. */
export class Graph {
  readonly #edges: readonly (readonly number[])[]

  constructor(edges: readonly (readonly number[])[]) {
    this.#edges = edges
  }

  get size(): number {
    return this.#edges.length
  }

  get meanDegree(): number {
    if (this.size === 0) return 0
    return this.#edges.reduce((total, { length }) => total + length, 0) / this.size
  }

  /** How many have how many neighbors. */
  get histogram(): number[] {
    const counts: number[] = []
    for (const { length } of this.#edges) {
      while (counts.length <= length) counts.push(0)
      counts[length]!++
    }
    return counts
  }

  shareWith(degree: number): number {
    return this.size === 0 ? 0 : (this.histogram[degree] ?? 0) / this.size
  }

  /** Neighbors that are not neighbors in return. */
  get asymmetricLinks(): number {
    let count = 0
    this.#edges.forEach((neighbors, from) => {
      for (const to of neighbors) if (to < 0 || !this.#edges[to]!.includes(from)) count++
    })
    return count
  }

  /** Sizes of the components, the largest first; a link counts whichever end has it. */
  get components(): number[] {
    const roots = this.#edges.map((_, at) => at)
    const rootOf = (at: number) => {
      while (roots[at] !== at) at = roots[at] = roots[roots[at]!]!
      return at
    }
    this.#edges.forEach((neighbors, from) => {
      for (const to of neighbors) if (to >= 0) roots[rootOf(to)] = rootOf(from)
    })
    const sizes = new Map<number, number>()
    for (let at = 0; at < roots.length; at++) {
      const root = rootOf(at)
      sizes.set(root, (sizes.get(root) ?? 0) + 1)
    }
    return [...sizes.values()].sort((a, b) => b - a)
  }

  /** The average of the shortest paths from some of the peers to all they reach, and the longest of these. */
  paths(from: number): { average: number; longest: number } {
    const step = Math.max(1, Math.floor(this.size / from))
    let [total, count, longest] = [0, 0, 0]
    // One of each for all starts: of a hundred thousand peers they are megabytes.
    const depth = new Int16Array(this.size)
    const row = new Int32Array(this.size)
    for (let start = 0; start < this.size; start += step) {
      depth.fill(-1)[start] = 0
      row[0] = start
      let length = 1
      for (let i = 0; i < length; i++) {
        const here = row[i]!
        for (const to of this.#edges[here]!) {
          if (to < 0 || depth[to] !== -1) continue
          depth[to] = depth[here]! + 1
          total += depth[to]!
          count++
          longest = Math.max(longest, depth[to]!)
          row[length++] = to
        }
      }
    }
    return { average: count === 0 ? 0 : total / count, longest }
  }

  /** When a flood from this peer would reach each, milliseconds; Infinity where it does not. */
  flood(from: number, latency: (a: number, b: number) => Millis): Float64Array {
    const reached = new Float64Array(this.size).fill(Infinity)
    const agenda = new Agenda(0)
    const reach = (here: number): Occurrence => ({
      happen: () => {
        if (reached[here] !== Infinity) return
        reached[here] = agenda.now
        for (const to of this.#edges[here]!) {
          if (to < 0 || reached[to] !== Infinity) continue
          agenda.add(agenda.now + latency(here, to), reach(to))
        }
      },
    })
    agenda.add(0, reach(from))
    while (agenda.next(Infinity));
    return reached
  }

  /** Links among the neighbors of a peer over those there could be, on average. */
  get clustering(): number {
    let total = 0
    for (const neighbors of this.#edges) {
      const possible = neighbors.length * (neighbors.length - 1)
      if (possible === 0) continue
      let links = 0
      for (const one of neighbors) {
        for (const other of neighbors) if (one >= 0 && this.#edges[one]!.includes(other)) links++
      }
      total += links / possible
    }
    return this.size === 0 ? 0 : total / this.size
  }
}

/** A neighbor that lives no more, or is not in the topic, has the number -1. */
export function graphOf(world: World, topic: TopicId): Graph {
  const members = world.living.filter(peer => peer.status(topic) !== undefined)
  const numbers = new Map(members.map(({ id }, number) => [id, number]))
  return new Graph(
    members.map(peer => peer.neighbors(topic).map(neighbor => numbers.get(neighbor) ?? -1)),
  )
}

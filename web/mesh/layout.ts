// Where the peers stand in the picture: d3-force with oneself in the middle, neighbors around, the rest beyond.

import {
  forceCollide,
  forceManyBody,
  forceRadial,
  forceSimulation,
  type Simulation,
  type SimulationNodeDatum,
} from 'd3-force'
import type { MeshModel, MeshPeer } from './model.js'

/** A peer and its place, in units of the picture, which is 400 wide and 340 high around 0, 0. */
export interface Spot extends SimulationNodeDatum {
  peer: string
  place: MeshPeer['place']
  x: number
  y: number
}

export class Layout {
  readonly #spots = new Map<string, Spot>()
  readonly #simulation: Simulation<Spot, undefined>
  readonly #calm: boolean

  /** `moved` is called for each step; `calm`: no steps, the result at once. */
  constructor(moved: () => void, calm: boolean) {
    this.#calm = calm
    this.#simulation = forceSimulation<Spot>([])
      .alphaDecay(0.06)
      .velocityDecay(0.35)
      .force(
        'apart',
        forceManyBody<Spot>()
          .strength(spot => -PUSH[spot.place])
          .distanceMax(160),
      )
      .force('room', forceCollide<Spot>(spot => ROOM[spot.place]).strength(0.9))
      .force('ring', forceRadial<Spot>(spot => RINGS[spot.place]).strength(0.7))
      .on('tick', moved)
      .stop()
  }

  get spots(): ReadonlyMap<string, Spot> {
    return this.#spots
  }

  /** Takes in who came, went or changed places; the others stay about where they are. */
  show({ peers }: MeshModel): void {
    let changed = peers.length !== this.#spots.size
    const here = new Set(peers.map(({ peer }) => peer))
    for (const peer of this.#spots.keys()) if (!here.has(peer)) this.#spots.delete(peer)
    for (const { peer, place } of peers) {
      const spot = this.#spots.get(peer)
      if (spot !== undefined && spot.place === place) continue
      changed = true
      if (spot === undefined) this.#spots.set(peer, this.#newSpot(peer, place))
      else spot.place = place
    }
    if (!changed) return
    // Forces read places when nodes are given.
    this.#simulation.nodes([...this.#spots.values()]).alpha(0.8)
    if (this.#calm) this.#simulation.tick(STEPS_AT_ONCE)
    else this.#simulation.restart()
  }

  stop(): void {
    this.#simulation.stop()
  }

  /** In the direction that its key says, so that the picture looks alike after a reload. */
  #newSpot(peer: string, place: Spot['place']): Spot {
    if (place === 'self') return { peer, place, x: 0, y: 0, fx: 0, fy: 0 }
    let hash = 7
    for (let i = 0; i < peer.length; i++) hash = (hash * 33 + peer.charCodeAt(i)) >>> 0
    const angle = ((hash % 3_600) / 3_600) * 2 * Math.PI
    const radius = RINGS[place] * 1.1
    return { peer, place, x: radius * Math.cos(angle), y: radius * Math.sin(angle) }
  }
}

/** As looked at: five neighbors and thirty others fit without touching. */
const RINGS: Record<Spot['place'], number> = {
  self: 0,
  neighbor: 102,
  coming: 122,
  heard: 158,
  passive: 158,
}
const ROOM: Record<Spot['place'], number> = {
  self: 26,
  neighbor: 28,
  coming: 18,
  heard: 15,
  passive: 9,
}
const PUSH: Record<Spot['place'], number> = {
  self: 0,
  neighbor: 220,
  coming: 60,
  heard: 30,
  passive: 18,
}
const STEPS_AT_ONCE = 120

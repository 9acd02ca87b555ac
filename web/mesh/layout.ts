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

/** A peer and where it is drawn, in units of the picture, which is 400 wide and 340 high around 0, 0. */
export interface Spot {
  peer: string
  place: MeshPeer['place']
  x: number
  y: number
}

/**
 * Where the forces want everyone is reckoned at once, and they glide there: to draw each step of the forces would be
 * a hundred pictures for each peer that comes, in a room where peers come all the time.
 */
export class Layout {
  readonly #spots = new Map<string, Placed>()
  readonly #simulation: Simulation<Goal, undefined>
  readonly #moved: () => void
  readonly #calm: boolean
  /** Of the glide under way. */
  #frame: number | undefined
  #began = 0
  #drawn = 0

  /** `moved` is called for each step; `calm`: no steps, the result at once. */
  constructor(moved: () => void, calm: boolean) {
    this.#moved = moved
    this.#calm = calm
    this.#simulation = forceSimulation<Goal>([])
      .alphaDecay(0.06)
      .velocityDecay(0.35)
      .force(
        'apart',
        forceManyBody<Goal>()
          .strength(spot => -PUSH[spot.place])
          .distanceMax(160),
      )
      .force('room', forceCollide<Goal>(spot => ROOM[spot.place]).strength(0.9))
      .force('ring', forceRadial<Goal>(spot => RINGS[spot.place]).strength(0.7))
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
      else spot.place = spot.goal.place = place
    }
    if (!changed) return
    const placed = [...this.#spots.values()]
    // Forces read places when nodes are given.
    this.#simulation.nodes(placed.map(({ goal }) => goal)).alpha(0.8)
    for (let n = 0; n < STEPS; n++) this.#simulation.tick()
    for (const spot of placed) spot.from = { x: spot.x, y: spot.y }
    this.#began = this.#drawn = performance.now()
    if (this.#calm) this.#draw(1)
    else this.#frame ??= requestAnimationFrame(this.#glide)
  }

  stop(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.#frame = undefined
  }

  /** In a tab that nobody sees there are no frames, and the next one, when it is looked at, is the last. */
  readonly #glide = (now: number): void => {
    const part = Math.min(1, Math.max(0, now - this.#began) / GLIDE_MS)
    this.#frame = part < 1 ? requestAnimationFrame(this.#glide) : undefined
    if (part < 1 && now - this.#drawn < STEP_MS) return
    this.#drawn = now
    this.#draw(1 - (1 - part) ** 3)
  }

  #draw(part: number): void {
    for (const spot of this.#spots.values()) {
      spot.x = spot.from.x + (spot.goal.x - spot.from.x) * part
      spot.y = spot.from.y + (spot.goal.y - spot.from.y) * part
    }
    this.#moved()
  }

  /** In the direction that its key says, so that the picture looks alike after a reload. */
  #newSpot(peer: string, place: Spot['place']): Placed {
    let hash = 7
    for (let i = 0; i < peer.length; i++) hash = (hash * 33 + peer.charCodeAt(i)) >>> 0
    const angle = ((hash % 3_600) / 3_600) * 2 * Math.PI
    const radius = RINGS[place] * 1.1
    const from = { x: radius * Math.cos(angle), y: radius * Math.sin(angle) }
    const goal = { place, ...from, ...(place === 'self' && { fx: 0, fy: 0 }) }
    return { peer, place, ...from, from, goal }
  }
}

interface Placed extends Spot {
  from: { x: number; y: number }
  goal: Goal
}

interface Goal extends SimulationNodeDatum {
  place: Spot['place']
  x: number
  y: number
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
/** With so quick a decay nothing is seen to move after these. */
const STEPS = 80
/** Long enough for eyes to follow, milliseconds. */
const GLIDE_MS = 350
/** Thirty pictures a second. Each is drawn anew by engines that have no graphics card. */
const STEP_MS = 30

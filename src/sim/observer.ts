import type { Millis, TopicId } from '../core/ids.js'
import type { DeliveryScope } from '../core/io.js'
import { type Distributions, type Figures, mean, noDistributions, percentile } from './figures.js'
import { graphOf } from './graph.js'
import type { Peer } from './peer.js'
import type { Traffic, World } from './world.js'

/** One broadcast, and what became of it. */
export interface Said {
  readonly author: Peer
  readonly at: Millis
  /** By peer number: who was there when it was said, and who heard it. */
  readonly due: Uint8Array
  /** Deliveries still due. */
  open: number
  heard: number
  lastAt: Millis
  /** The largest round received: 0 is straight from the author. */
  largestRound: number
}

const NOT_DUE = 0
const DUE = 1
const HEARD = 2

/**
 * Sees every delivery of one topic and makes figures of it. A broadcast is due at all who are in the topic when
 * it is said; who crashes owes nothing any more, who comes later owes nothing yet.
 */
export class Observer {
  readonly #world: World
  readonly #topic: TopicId
  readonly #payloadBytes: number
  #said: Said[] = []
  #offset = 0
  #delays: number[] = []
  #hops: number[] = []
  #mark: Traffic
  #markedAt: Millis
  /** Deliveries of a message to a peer that had it: there must be none. */
  twice = 0
  /** Deliveries that came in an exchange of history: no push of the tree's brought them. */
  #fromHistory = 0

  /** `payloadBytes`: the size of each message, a whole number from 4, or a `RangeError` is thrown. */
  constructor(world: World, topic: TopicId, payloadBytes: number) {
    if (!(Number.isInteger(payloadBytes) && payloadBytes >= NUMBER_BYTES)) {
      throw new RangeError(
        `payloadBytes is a whole number from ${NUMBER_BYTES}, not ${payloadBytes}`,
      )
    }
    this.#world = world
    this.#topic = topic
    this.#payloadBytes = payloadBytes
    this.#mark = { ...world.traffic }
    this.#markedAt = world.now
    world.listen((peer, heardIn, event) => {
      if (event.type === 'received' && heardIn === topic)
        this.#hear(peer, event.content, event.scope)
    })
  }

  /** Forgets what was, and counts anew from here. */
  begin(): void {
    this.#offset += this.#said.length
    this.#said = []
    this.#delays = []
    this.#hops = []
    this.#fromHistory = 0
    this.#mark = { ...this.#world.traffic }
    this.#markedAt = this.#world.now
  }

  /** How much was said before `begin`. */
  get before(): number {
    return this.#offset
  }

  say(author: Peer): Said {
    const { peers, living, now } = this.#world
    const due = new Uint8Array(peers.length)
    let open = 0
    for (const peer of living) {
      if (peer === author || peer.status(this.#topic) === undefined) continue
      due[peer.index] = DUE
      open++
    }
    const said: Said = { author, at: now, due, open, heard: 0, lastAt: now, largestRound: 0 }
    const payload = new Uint8Array(this.#payloadBytes)
    new DataView(payload.buffer).setUint32(0, this.#offset + this.#said.length)
    this.#said.push(said)
    this.#world.broadcast(author, this.#topic, payload)
    return said
  }

  /** These are gone: what they have not heard is not due any more, unless they had time enough to hear it. */
  excuse(peers: readonly Peer[]): void {
    for (const said of this.#said) {
      if (this.#world.now - said.at > EXCUSED_MS) continue
      for (const { index } of peers) {
        if (said.due[index] !== DUE) continue
        said.due[index] = NOT_DUE
        said.open--
      }
    }
  }

  get since(): Traffic {
    const { traffic } = this.#world
    const since = { ...traffic }
    for (const name of Object.keys(since) as (keyof Traffic)[]) since[name] -= this.#mark[name]
    return since
  }

  /**
   * Of everything said since `begin`. `kind` says how redundancy and hops are counted: as iroh-gossip's
   * simulator counts them, over rounds; or as the papers do.
   */
  figures(kind: 'papers' | 'rounds', rounds: readonly RoundFigures[] = []): Figures {
    const traffic = this.since
    const heard = sum(this.#said, ({ heard }) => heard)
    const open = sum(this.#said, ({ open }) => open)
    // What nobody heard has no last delivery.
    const reached = this.#said.filter(({ heard }) => heard > 0)
    const delays = Float64Array.from(this.#delays).sort()
    const pushed = heard - this.#fromHistory
    const minutes = Math.max(1e-9, this.#minutes)
    const { living } = this.#world
    const graph = graphOf(this.#world, this.#topic)
    const { ihaves, grafts, prunes, refusals, rootPaths } = traffic
    const control = ihaves + grafts + prunes + refusals + rootPaths
    return {
      reliability: reliabilityOf({ heard, open }),
      missed: open,
      rmr:
        kind === 'rounds'
          ? mean(rounds.map(({ rmr }) => rmr))
          : pushed === 0
            ? 0
            : traffic.pushes / pushed - 1,
      ldh:
        kind === 'rounds'
          ? mean(rounds.map(({ ldh }) => ldh))
          : mean(reached.map(({ largestRound }) => largestRound + 1)),
      durationMs:
        kind === 'rounds'
          ? mean(rounds.map(({ durationMs }) => durationMs))
          : mean(reached.map(({ lastAt, at }) => lastAt - at)),
      p50Ms: percentile(delays, 0.5),
      p99Ms: percentile(delays, 0.99),
      ...(this.#world.settings.wire === 'on' && {
        bytesPerDelivery: heard === 0 ? 0 : traffic.frameBytes / heard,
      }),
      controlPerDelivery: heard === 0 ? 0 : control / heard,
      grafts: traffic.grafts,
      prunes: traffic.prunes,
      meanActive: graph.meanDegree,
      asymmetricLinks: graph.asymmetricLinks,
      dials: traffic.dials / minutes / Math.max(1, living.length),
      // Where peers come and go they are to ask; scenarios of that kind have none, unless they say so.
      storms: kind === 'rounds' ? this.storms : 0,
      deliveredTwice: this.twice,
      // Since the world began.
      events: this.#world.traffic.events,
    }
  }

  /** 1 where a peer asked more than once in two minutes for a place, though nobody came or went. */
  get storms(): number {
    const stormy =
      this.#world.living.length * (Math.max(STORM_MINUTES, this.#minutes) / STORM_MINUTES)
    return this.since.requests > stormy ? 1 : 0
  }

  distributions(): Distributions {
    const delays = Float64Array.from(this.#delays).sort()
    const delivery: [number, number][] = []
    for (let step = 0; step <= CURVE_STEPS && delays.length > 0; step++) {
      const share = step / CURVE_STEPS
      delivery.push([Math.round(percentile(delays, share) * 10) / 10, share])
    }
    const degrees = graphOf(this.#world, this.#topic).histogram
    return { ...noDistributions(), delivery, degrees, hops: Array.from(this.#hops, n => n ?? 0) }
  }

  get all(): readonly Said[] {
    return this.#said
  }

  get #minutes(): number {
    return (this.#world.now - this.#markedAt) / 60_000
  }

  #hear(peer: Peer, content: Uint8Array, scope: DeliveryScope): void {
    if (scope.kind === 'neighbors') return
    const number =
      ((content[0]! << 24) | (content[1]! << 16) | (content[2]! << 8) | content[3]!) >>> 0
    const said = this.#said[number - this.#offset]
    if (said === undefined) return
    const state = said.due[peer.index] ?? NOT_DUE
    if (state === HEARD) this.twice++
    if (state !== DUE) return
    said.due[peer.index] = HEARD
    said.open--
    said.heard++
    const { now } = this.#world
    said.lastAt = now
    this.#delays.push(now - said.at)
    if (scope.kind === 'history') {
      this.#fromHistory++
      return
    }
    said.largestRound = Math.max(said.largestRound, scope.round)
    while (this.#hops.length <= scope.round) this.#hops.push(0)
    this.#hops[scope.round]!++
  }
}

export interface RoundFigures {
  rmr: number
  ldh: number
  durationMs: number
}

/**
 * iroh-gossip's redundancy: payloads received over those that were due and came, less one each time, the last
 * less one more, so that its floor is 1 / (n - 2) and not 0.
 */
export function redundancy(copies: number, due: number, missed: number): number {
  const divisor = due - missed - 1
  return divisor <= 0 ? 0 : copies / divisor - 1
}

/** The share of deliveries due that came; where none was due, all did. */
export function reliabilityOf({ heard, open }: Pick<Said, 'heard' | 'open'>): number {
  return heard + open === 0 ? 1 : heard / (heard + open)
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

/** A payload begins with the message's number. */
const NUMBER_BYTES = 4
const CURVE_STEPS = 100
/** A storm is more than one request a peer in two idle minutes (reference figures of iroh-gossip). */
const STORM_MINUTES = 2
/** Who lived on for so long without a message has missed it: the time limit of iroh-gossip's rounds. */
const EXCUSED_MS = 5_000

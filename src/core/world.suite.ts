import { ALL_PROTOCOLS } from './all-protocols.js'
import { PLUMTREE_DEFAULTS } from './broadcast/plumtree/config.js'
import type { PeerId, TopicId } from './ids.js'
import type { NodeInput, NodeOutput } from './io.js'
import { isKnock } from './knocks.js'
import { HYPARVIEW_DEFAULTS } from './membership/hyparview/config.js'
import type { Knock, KnockAnswer } from './membership/messages.js'
import { Node } from './node.js'
import { Random } from './random.js'

const LATENCY_MS = 20
const DIAL_MS = 100

interface Place {
  node: Node
  outputs: NodeOutput[]
  wantsLinkWith: Set<PeerId>
  linkedWith: Map<PeerId, number>
  entered: Set<TopicId>
  generation: number
  seqs: Map<TopicId, number>
}

/** Nodes, a server that introduces them, and links between who both dialed; one virtual clock. */
export class World {
  readonly trace: string[] = []
  dials = 0
  protected readonly places = new Map<PeerId, Place>()
  private readonly random: Random
  private readonly signals: { from: PeerId; topic: TopicId; said: Knock | KnockAnswer }[] = []
  private readonly agenda: { at: number; order: number; act: () => void }[] = []
  protected now = 1_000_000
  protected order = 0
  private epoch = 1
  protected isServerUp = true

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  input(peer: PeerId, input: NodeInput): void {
    const place = this.places.get(peer)
    if (place === undefined) return
    for (const output of place.node.handle(this.now, input)) {
      this.trace.push(`${this.now} ${peer.slice(0, 4)} ${output.type}`)
      place.outputs.push(output)
      this.perform(peer, place, output)
    }
  }

  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      this.agenda.sort((x, y) => x.at - y.at || x.order - y.order)
      const event = this.agenda[0]
      const sleeper = this.nextSleeper()
      const at = Math.min(event?.at ?? Infinity, sleeper?.at ?? Infinity)
      if (at > end) break
      this.now = Math.max(this.now, at)
      if (event !== undefined && event.at <= at) {
        this.agenda.shift()
        event.act()
      } else this.input(sleeper!.peer, { type: 'wake' })
    }
    this.now = end
  }

  kill(peer: PeerId): void {
    const place = this.places.get(peer)!
    this.places.delete(peer)
    for (const [other, epoch] of place.linkedWith) this.tellLinkDown(other, peer, epoch)
  }

  stopServer(): void {
    this.isServerUp = false
    for (const peer of [...this.places.keys()]) {
      this.input(peer, { type: 'signaling', state: 'lost' })
    }
  }

  protected place(peer: PeerId, generation: number): Place {
    const config = { membership: HYPARVIEW_DEFAULTS, broadcast: PLUMTREE_DEFAULTS }
    const place: Place = {
      node: new Node(peer, config, ALL_PROTOCOLS, this.random.u32()),
      outputs: [],
      wantsLinkWith: new Set(),
      linkedWith: new Map(),
      entered: new Set(),
      generation,
      seqs: new Map(),
    }
    this.places.set(peer, place)
    return place
  }

  private perform(peer: PeerId, place: Place, output: NodeOutput): void {
    switch (output.type) {
      case 'seal':
        this.soon(0, peer, {
          type: 'sealed',
          topic: output.topic,
          ref: output.ref,
          message: { ...output.draft, signature: undefined },
        })
        break
      case 'reserve-seqs': {
        const { topic, count } = output
        const first = place.seqs.get(topic) ?? 1
        place.seqs.set(topic, first + count)
        this.soon(0, peer, { type: 'seqs-reserved', topic, first, last: first + count - 1 })
        break
      }
      case 'knock':
      case 'answer-knock': {
        const said = output.type === 'knock' ? output.knock : output.answer
        const index = this.signals.push({ from: peer, topic: output.topic, said }) - 1
        const body = new Uint8Array(new Uint32Array([index]).buffer)
        this.soon(0, peer, { type: 'signal-out', to: output.to, body })
        break
      }
      case 'signal':
        this.throughServer(peer, output.to, output.body)
        break
      case 'signal-in':
        this.heardSignal(peer, output.body, 'mesh')
        break
      case 'dial':
        place.wantsLinkWith.add(output.peer)
        this.later(DIAL_MS, () => this.link(peer, output.peer))
        this.later(3_000, () => {
          const now = this.places.get(peer)
          if (now === place && place.wantsLinkWith.delete(output.peer)) {
            this.input(peer, { type: 'dial-failed', peer: output.peer })
          }
        })
        break
      case 'hang-up': {
        place.wantsLinkWith.delete(output.peer)
        const epoch = place.linkedWith.get(output.peer)
        place.linkedWith.delete(output.peer)
        if (epoch !== undefined) this.tellLinkDown(output.peer, peer, epoch)
        break
      }
      case 'send-topic-hello': {
        const { to, topic, terms } = output
        this.across(peer, to, epoch => ({ type: 'topic-hello', from: peer, epoch, topic, terms }))
        break
      }
      case 'send-relay': {
        const { to, relay } = output
        this.across(peer, to, epoch => ({ type: 'relay', from: peer, epoch, relay }))
        break
      }
      case 'send': {
        const { to, topic, message } = output
        if (message.type !== 'gossip') {
          this.across(peer, to, epoch => ({ type: 'frame', from: peer, epoch, topic, message }))
          break
        }
        this.across(peer, to, epoch => {
          const { round } = message
          const common = { from: peer, epoch, topic, round }
          return this.places.get(to)!.node.knows(topic, message.message)
            ? { type: 'duplicate', id: message.message, ...common }
            : { type: 'message', message: message.message, ...common }
        })
        break
      }
      case 'enter': {
        place.entered.add(output.topic)
        if (!this.isServerUp) break
        const others = [...this.places].filter(
          ([other, { entered }]) => other !== peer && entered.has(output.topic),
        )
        const peers = this.random.sample(others, 5).map(([other]) => other)
        this.soon(LATENCY_MS, peer, { type: 'introduced', topic: output.topic, peers })
        break
      }
      case 'exit':
        place.entered.delete(output.topic)
    }
  }

  private throughServer(from: PeerId, to: PeerId, body: Uint8Array): void {
    if (this.isServerUp && this.places.has(to)) {
      this.later(LATENCY_MS, () => this.heardSignal(to, body, 'server'))
    } else this.soon(LATENCY_MS, from, { type: 'undeliverable', to })
  }

  private heardSignal(peer: PeerId, body: Uint8Array, via: 'server' | 'mesh'): void {
    const { from, topic, said } = this.signals[new Uint32Array(body.slice().buffer)[0]!]!
    if (via === 'server') this.input(peer, { type: 'signal-heard', from, via })
    if (isKnock(said)) {
      this.input(peer, { type: 'knock', from, topic, knock: said })
    } else this.input(peer, { type: 'knock-answer', from, topic, answer: said })
  }

  private link(a: PeerId, b: PeerId): void {
    const [one, other] = [this.places.get(a), this.places.get(b)]
    if (!one?.wantsLinkWith.has(b) || !other?.wantsLinkWith.has(a)) return
    one.wantsLinkWith.delete(b)
    other.wantsLinkWith.delete(a)
    const epoch = this.epoch++
    this.dials++
    one.linkedWith.set(b, epoch)
    other.linkedWith.set(a, epoch)
    this.input(a, { type: 'link-up', peer: b, epoch })
    this.input(b, { type: 'link-up', peer: a, epoch })
  }

  private tellLinkDown(peer: PeerId, other: PeerId, epoch: number): void {
    this.later(LATENCY_MS + 1, () => {
      const place = this.places.get(peer)
      if (place?.linkedWith.get(other) !== epoch) return
      place.linkedWith.delete(other)
      this.input(peer, { type: 'link-down', peer: other, epoch, reason: 'closed' })
    })
  }

  private across(from: PeerId, to: PeerId, input: (epoch: number) => NodeInput): void {
    const epoch = this.places.get(from)!.linkedWith.get(to)
    this.later(LATENCY_MS, () => {
      if (epoch !== undefined && this.places.get(to)?.linkedWith.get(from) === epoch) {
        this.input(to, input(epoch))
      }
    })
  }

  private soon(ms: number, peer: PeerId, input: NodeInput): void {
    const place = this.places.get(peer)
    this.later(ms, () => {
      if (this.places.get(peer) === place) this.input(peer, input)
    })
  }

  private later(ms: number, act: () => void): void {
    this.agenda.push({ at: this.now + ms, order: this.order++, act })
  }

  private nextSleeper(): { at: number; peer: PeerId } | undefined {
    let next: { at: number; peer: PeerId } | undefined
    for (const [peer, { node }] of this.places) {
      const deadline = node.nextDeadline
      if (deadline !== undefined && (next === undefined || deadline.at < next.at)) {
        next = { at: deadline.at, peer }
      }
    }
    return next
  }
}

// Who is where, as a pure machine: peers that have proven themselves, the topics they entered, and the
// signals between those who share one. It keeps nothing else, and forgets a peer with its socket.
import type { PeerId, TopicId } from '../src/core/ids.js'
import type { Random } from '../src/core/random.js'
import { CLOSE_CODES, type ServerText } from '../src/signaling/messages.js'
import type { Limits } from './limits.js'

export type RoomsInput =
  /** A proven peer. The same key on an older socket is thrown out: newest wins. */
  | { type: 'arrive'; socket: number; peer: PeerId; protocol: string }
  | { type: 'depart'; socket: number }
  | { type: 'enter'; socket: number; topic: TopicId }
  | { type: 'leave'; socket: number; topic: TopicId }
  /** `body` is base64 and stays sealed. */
  | { type: 'signal'; socket: number; to: PeerId; body: string }

export type RoomsOutput =
  | { type: 'send'; socket: number; message: ServerText }
  | { type: 'close'; socket: number; code: number; reason: string }
  | { type: 'count'; counter: RoomsCounter }

export type RoomsCounter =
  | 'peers-replaced'
  | 'signals-delivered'
  | 'signals-undeliverable'
  | 'topics-refused'
  | 'topics-full'

export type RoomsLimits = Pick<Limits, 'topicsPerPeer' | 'peersPerTopic' | 'introductions'>

export class Rooms {
  private readonly bySocket = new Map<number, Guest>()
  private readonly byPeer = new Map<PeerId, Guest>()
  private readonly rooms = new Map<string, Room>()
  private outputs: RoomsOutput[] = []

  constructor(
    private readonly random: Random,
    private readonly limits: RoomsLimits,
  ) {}

  get peers(): number {
    return this.byPeer.size
  }

  /** Topics with someone in them. */
  get topics(): number {
    return this.rooms.size
  }

  handle(input: RoomsInput): RoomsOutput[] {
    this.outputs = []
    if (input.type === 'arrive') this.arrive(input)
    else {
      const guest = this.bySocket.get(input.socket)
      if (guest !== undefined) this.handleGuest(guest, input)
    }
    return this.outputs
  }

  private handleGuest(guest: Guest, input: Exclude<RoomsInput, { type: 'arrive' }>): void {
    switch (input.type) {
      case 'depart':
        this.depart(guest)
        break
      case 'enter':
        this.enter(guest, input.topic)
        break
      case 'leave':
        this.leave(guest, roomKey(guest, input.topic))
        break
      case 'signal':
        this.signal(guest, input.to, input.body)
        break
    }
  }

  private arrive({ socket, peer, protocol }: Extract<RoomsInput, { type: 'arrive' }>): void {
    const other = this.byPeer.get(peer)
    if (other !== undefined) {
      this.count('peers-replaced')
      this.outputs.push({
        type: 'close',
        socket: Math.min(socket, other.socket),
        code: CLOSE_CODES.replaced,
        reason: 'replaced',
      })
      // One that came earlier may arrive later: it waited longer for its ICE servers.
      if (other.socket > socket) return
      this.depart(other)
    }
    const guest: Guest = { socket, peer, protocol, rooms: new Set() }
    this.bySocket.set(socket, guest)
    this.byPeer.set(peer, guest)
  }

  private depart(guest: Guest): void {
    for (const key of guest.rooms) this.leave(guest, key)
    this.bySocket.delete(guest.socket)
    this.byPeer.delete(guest.peer)
  }

  private enter(guest: Guest, topic: TopicId): void {
    const key = roomKey(guest, topic)
    if (!guest.rooms.has(key) && guest.rooms.size >= this.limits.topicsPerPeer) {
      this.count('topics-refused')
      const message = `At most ${this.limits.topicsPerPeer} topics at once.`
      this.send(guest, { type: 'error', code: 'too-many-topics', message, fatal: false })
      return
    }
    const room = this.rooms.get(key) ?? new Room()
    if (!room.has(guest.peer) && room.size >= this.limits.peersPerTopic) {
      this.count('topics-full')
      const message = `At most ${this.limits.peersPerTopic} peers in a topic.`
      this.send(guest, { type: 'error', code: 'topic-full', message, fatal: false })
      return
    }
    const peers = room.sample(this.limits.introductions, guest.peer, this.random)
    room.add(guest.peer)
    this.rooms.set(key, room)
    guest.rooms.add(key)
    this.send(guest, { type: 'entered', topic, peers })
  }

  private leave(guest: Guest, key: string): void {
    if (!guest.rooms.delete(key)) return
    const room = this.rooms.get(key)!
    room.delete(guest.peer)
    if (room.size === 0) this.rooms.delete(key)
  }

  private signal(guest: Guest, to: PeerId, body: string): void {
    const target = this.byPeer.get(to)
    // One answer for absent and for no topic in common, so that nobody can ask who is here.
    if (target === undefined || target === guest || !shareRoom(guest, target)) {
      this.count('signals-undeliverable')
      this.send(guest, { type: 'undeliverable', to })
      return
    }
    this.count('signals-delivered')
    this.send(target, { type: 'signal', from: guest.peer, body })
  }

  private send(guest: Guest, message: ServerText): void {
    this.outputs.push({ type: 'send', socket: guest.socket, message })
  }

  private count(counter: RoomsCounter): void {
    this.outputs.push({ type: 'count', counter })
  }
}

interface Guest {
  readonly socket: number
  readonly peer: PeerId
  readonly protocol: string
  /** Keys of the rooms it is in. */
  readonly rooms: Set<string>
}

/** The peers of one topic and protocol; adding, removing and sampling cost the same in a small and a large one. */
class Room {
  private readonly members: PeerId[] = []
  private readonly places = new Map<PeerId, number>()

  get size(): number {
    return this.members.length
  }

  has(peer: PeerId): boolean {
    return this.places.has(peer)
  }

  add(peer: PeerId): void {
    if (this.places.has(peer)) return
    this.places.set(peer, this.members.length)
    this.members.push(peer)
  }

  delete(peer: PeerId): void {
    const place = this.places.get(peer)
    if (place === undefined) return
    const last = this.members.pop()!
    if (last !== peer) {
      this.members[place] = last
      this.places.set(last, place)
    }
    this.places.delete(peer)
  }

  /** Up to `count` members other than `except`, each as likely as any other. */
  sample(count: number, except: PeerId, random: Random): PeerId[] {
    // Floyd's sampling: one more than wanted, since `except` may be among them.
    const wanted = Math.min(count + 1, this.members.length)
    const chosen = new Set<number>()
    for (let top = this.members.length - wanted; top < this.members.length; top++) {
      const place = random.below(top + 1)
      chosen.add(chosen.has(place) ? top : place)
    }
    const peers = [...chosen].map(place => this.members[place]!).filter(peer => peer !== except)
    return random.sample(peers, count)
  }
}

function roomKey({ protocol }: Guest, topic: TopicId): string {
  return `${topic} ${protocol}`
}

function shareRoom(a: Guest, b: Guest): boolean {
  const [fewer, more] = a.rooms.size <= b.rooms.size ? [a, b] : [b, a]
  for (const key of fewer.rooms) if (more.rooms.has(key)) return true
  return false
}

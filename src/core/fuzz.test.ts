import { expect, it } from 'vitest'
import { Writer } from '../codec/writer.js'
import { plumtreeMessage } from './broadcast/plumtree/messages.js'
import { CHAT, LoneNode, NEWS, peerOf } from './hostile.suite.js'
import { type PeerId, type TopicId, topicIdFromBytes } from './ids.js'
import type { NodeOutput, Relay, TopicMessage } from './io.js'
import type { PeerEntry } from './membership/hyparview/messages.js'
import { membershipMessage } from './membership/messages.js'
import type { PresenceEntry } from './presence/statement.js'
import { Random } from './random.js'
import type { TopicTerms } from './topic-hello.js'

const ROOM = topicIdFromBytes(new Uint8Array(32).fill(3))
const HALL = topicIdFromBytes(new Uint8Array(32).fill(4))
const SEED = Number(process.env['SEED'] ?? 1)
const STEPS = 60_000

it(`whatever ${STEPS} things peers say, in any order, a node never throws, says nothing the wire refuses, and stays small (SEED=${SEED})`, () => {
  const any = new Anything(new Random(SEED))
  const lone = new LoneNode()
  lone.subscribe(CHAT)
  lone.subscribe(NEWS, { signed: false })
  lone.subscribe(ROOM, { membership: 'full-mesh' })
  lone.subscribe(HALL, { membership: 'auto' })
  let largest = 0
  let ups = 0
  const seen = new Set<string>()
  for (let step = 0; step < STEPS; step++) {
    lone.now += any.random.below(40) ** 2
    let said: NodeOutput[]
    try {
      said = any.step(lone)
      for (const output of said) check(output)
    } catch (cause) {
      throw new Error(`SEED=${SEED}, step ${step}`, { cause })
    }
    largest = Math.max(largest, said.length)
    for (const { type } of said) seen.add(type)
    ups += lone.events('neighborUp').length
    lone.outputs.length = 0
  }
  const snapshot = lone.node.snapshot(lone.now)
  expect(snapshot.blame.length).toBeLessThanOrEqual(1024)
  expect(snapshot.links.length).toBeLessThan(100)
  for (const { terms, membership, presence } of snapshot.topics) {
    const most = { hyparview: 5, auto: 8, 'full-mesh': 11 }[terms.membership]
    expect(membership.active.length).toBeLessThanOrEqual(most)
    expect(presence.length).toBeLessThanOrEqual(256)
    expect(membership.passive.length).toBeLessThanOrEqual(64)
    expect(membership.requests.length).toBeLessThan(20)
  }
  expect(largest).toBeLessThan(5_000)
  // Where nobody ever became a neighbor, little of this was heard at all.
  expect(ups).toBeGreaterThan(100)
  expect(seen.size).toBeGreaterThan(10)
}, 120_000)

/** What the wire does not carry, it refuses by throwing. */
function check(output: NodeOutput): void {
  const w = new Writer(256)
  if (output.type === 'send') {
    const { message } = output
    if (membershipMessage.tags.has(message.type)) membershipMessage.write(w, message as never)
    else plumtreeMessage.write(w, message as never)
  }
  if (output.type === 'knock') membershipMessage.write(w, output.knock)
  if (output.type === 'answer-knock') membershipMessage.write(w, output.answer)
  if (output.type === 'send-relay') {
    const { path, hopsLeft } = output.relay
    expect(path.length + hopsLeft).toBeLessThanOrEqual(16)
    expect(hopsLeft).toBeGreaterThanOrEqual(0)
  }
}

/** Anything a decoder can give, odd numbers more often than not. */
class Anything {
  constructor(readonly random: Random) {}

  step(lone: LoneNode): NodeOutput[] {
    const { random } = this
    const from = this.peer()
    const epoch = 1 + random.below(2)
    const topic = random.pick([CHAT, CHAT, NEWS, ROOM, HALL, HALL, peerOf(9) as never])!
    const round = random.pick([0, 1, 6, 0xffff])!
    switch (random.below(16)) {
      case 0:
        return lone.linkUp(from, epoch)
      case 1:
        return lone.input({ type: 'link-down', peer: from, epoch, reason: 'closed' })
      case 2:
        return lone.input({ type: 'relay', from, epoch, relay: this.relay() })
      case 3:
        return lone.input({ type: 'knock', from, topic, knock: this.membership('join') as never })
      case 4:
        return lone.input({
          type: 'knock-answer',
          from,
          topic,
          answer: this.membership('neighbor-accept') as never,
        })
      case 5:
        return lone.input({ type: 'undeliverable', to: from })
      case 6:
        return lone.input({ type: 'introduced', topic, peers: [from, this.peer(), lone.node.self] })
      case 7:
        return lone.input({ type: 'dial-failed', peer: from })
      case 8:
        return lone.greet(from, topic, this.terms(topic), epoch)
      case 9: {
        const message = this.message(topic !== NEWS)
        return lone.node.knows(topic, message)
          ? lone.input({ type: 'duplicate', from, epoch, topic, id: message, round })
          : lone.input({ type: 'message', from, epoch, topic, message, round })
      }
      case 10:
        return lone.input({ type: 'rtt', peer: from, epoch, rttMs: random.below(10_000) })
      case 11:
        return lone.input({ type: 'wake' })
      case 12:
        return lone.hear(from, this.broadcast(), topic, epoch)
      default:
        return lone.hear(
          from,
          random.below(2) === 0 ? this.broadcast() : this.membership(),
          topic,
          epoch,
        )
    }
  }

  /** Those of the topic, more often than not. */
  terms(topic: TopicId): Partial<TopicTerms> {
    const membership = topic === ROOM ? 'full-mesh' : topic === HALL ? 'auto' : 'hyparview'
    return { signed: this.random.below(8) > 0 === (topic !== NEWS), membership }
  }

  view() {
    const { random } = this
    const members = Array.from({ length: random.below(20) }, () => this.peer())
    const digest = random.bytes(8).fill(random.below(3))
    return { digest, members: random.below(3) > 0 ? members : undefined }
  }

  presence(): PresenceEntry {
    const { random } = this
    const value = random.below(3) > 0 ? random.bytes(random.pick([0, 9, 1024])!) : undefined
    const lifetimeMs = random.pick([0, 1, 90_000, 600_000])!
    const statement = { value, time: this.number(), lifetimeMs, signature: random.bytes(64) }
    return { peer: this.peer(), statement, leftMs: random.pick([0, 1, 90_000, 600_000])! }
  }

  peer(): PeerId {
    const { random } = this
    if (random.below(30) === 0) return peerOf(255)
    return peerOf(random.below(random.below(4) === 0 ? 3_000 : 12))
  }

  number(): number {
    const { random } = this
    return random.pick([0, 1, 2, 3, random.below(50), random.u32(), Number.MAX_SAFE_INTEGER])!
  }

  entry(): PeerEntry {
    const { random } = this
    if (random.below(3) > 0) return { peer: this.peer(), record: undefined }
    const record = {
      data: random.bytes(random.below(257)),
      time: this.number(),
      signature: random.bytes(64),
    }
    return { peer: this.peer(), record }
  }

  sample(): PeerEntry[] {
    return Array.from({ length: this.random.below(17) }, () => this.entry())
  }

  relay(): Relay {
    const path = Array.from({ length: this.random.below(9) }, () => this.peer())
    const hopsLeft = this.random.below(9)
    const id = this.random.bytes(16)
    return { id, to: this.peer(), hopsLeft, path, body: this.random.bytes(this.random.below(90)) }
  }

  membership(type?: TopicMessage['type']): TopicMessage {
    const { random } = this
    const { record } = this.entry()
    const requestId = random.below(3) === 0 ? 1 : random.u32()
    const kinds: TopicMessage[] = [
      { type: 'join', requestId, record },
      { type: 'neighbor-request', requestId, priority: random.pick(['high', 'low'])!, record },
      { type: 'neighbor-accept', requestId, record },
      {
        type: 'neighbor-reject',
        requestId,
        reason: random.pick(['full', 'busy', 'mismatch', 'banned'])!,
        sample: this.sample(),
      },
      { type: 'forward-join', joiner: this.entry(), hopsLeft: random.below(256) },
      {
        type: 'shuffle',
        origin: this.entry(),
        walkId: requestId,
        hopsLeft: random.below(256),
        sample: this.sample(),
      },
      { type: 'shuffle-reply', walkId: requestId, sample: this.sample() },
      {
        type: 'component',
        requestId: random.u32(),
        name: this.peer(),
        beat: random.u32(),
        ageSeconds: random.below(400),
      },
      { type: 'disconnect', alive: random.pick(['leaving', 'alive'])!, sample: this.sample() },
      { type: 'init', requestId, record },
      {
        type: 'info',
        requestId: random.pick([0, requestId])!,
        members: Array.from({ length: random.below(65) }, () => this.peer()),
        record,
      },
      { type: 'conn', requestId, asks: random.below(2) > 0, record },
      {
        type: 'gosp',
        view: random.below(4) > 0 ? this.view() : undefined,
        presence: Array.from({ length: random.below(4) }, () => this.presence()),
        frontier: random.below(2) > 0 ? random.bytes(random.below(17)) : undefined,
      },
      {
        type: 'bye',
        requestId: random.pick([0, requestId])!,
        reason: random.pick(['leaving', 'full', 'not-in-topic', 'mismatch', 'banned'])!,
      },
    ]
    return kinds.find(kind => kind.type === type) ?? random.pick(kinds)!
  }

  broadcast(): TopicMessage {
    const { random } = this
    const source = random.below(4) === 0 ? this.peer() : undefined
    const [author, seq] = [this.peer(), this.number()]
    const round = random.pick([0, 3, 0xffff])!
    const announcements = Array.from({ length: random.below(6) }, () => ({
      author: this.peer(),
      first: this.number(),
      count: random.pick([0, 1, 2, 300, 4096])!,
      round,
    }))
    return random.pick<TopicMessage>([
      { type: 'prune', source },
      { type: 'graft', source, wanted: random.below(4) > 0 ? { author, seq, round } : undefined },
      { type: 'ihave', announcements },
      { type: 'graft-refused', author, seq },
      {
        type: 'root-path',
        term: random.pick([0, 1, 2, 0xffff_ffff])!,
        rank: random.below(4),
        costMs: random.pick([0, 1, 100, 0xffff_ffff])!,
      },
      {
        type: 'neighbor-gossip',
        nonce: random.bytes(16),
        time: this.number(),
        payload: random.bytes(random.pick([0, 1, 4096, 4097])!),
        signature: undefined,
      },
    ])!
  }

  message(signed: boolean) {
    const { random } = this
    return {
      author: this.peer(),
      seq: this.number(),
      time: this.number(),
      payload: random.bytes(random.pick([0, 1, 100, 4096, 4097])!),
      extensions: random.bytes(random.pick([0, 0, 1024])!),
      signature: signed ? random.bytes(64) : undefined,
    }
  }
}

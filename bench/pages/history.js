// One peer of a topic that keeps its messages, through the public API.

import { Gossip } from '/lib/index.js'

export class HistoryPeer {
  /** What came of an exchange of history, and what live messages took to come, milliseconds. */
  fromHistory = 0
  firstAt = 0
  lastAt = 0
  delays = []
  lost = 0
  twice = 0
  #seen = new Set()
  #beat
  #wanted = Number.POSITIVE_INFINITY
  #complete = () => {}

  static async open(signaling, topic) {
    const peer = new HistoryPeer()
    peer.gossip = await Gossip.open({
      signaling,
      // What is announced to newcomers beside history would be neither live nor late.
      broadcastConfig: { messageCacheRetentionMs: 1_000 },
    })
    peer.topic = peer.gossip.subscribe(topic, { history: { protocol: 'wavefront' } })
    peer.topic.addEventListener('received', ({ detail }) => peer.#received(detail))
    peer.topic.addEventListener('lagged', ({ detail }) => {
      peer.lost += detail.count
    })
    return peer
  }

  /** Says so many messages of so many bytes; resolves with how long it took, milliseconds. */
  async fill(count, bytes) {
    const startedAt = performance.now()
    let underWay = []
    for (let i = 0; i < count; i++) {
      underWay.push(this.topic.broadcast(randomBytes(bytes)))
      // What is said in one task goes as one, and would be kept as one op.
      await undefined
      if (underWay.length < MOST_UNDER_WAY) continue
      await Promise.all(underWay)
      underWay = []
    }
    await Promise.all(underWay)
    return performance.now() - startedAt
  }

  /** Says the time, every so many milliseconds. */
  beat(everyMs) {
    this.#beat = setInterval(() => {
      const payload = new Uint8Array(16)
      payload.set(LIVE)
      new DataView(payload.buffer).setFloat64(8, now())
      void this.topic.broadcast(payload)
    }, everyMs)
  }

  rest() {
    clearInterval(this.#beat)
  }

  forgetDelays() {
    this.delays = []
  }

  counted() {
    const { fromHistory, firstAt, lastAt, delays, lost, twice } = this
    return { fromHistory, firstAt, lastAt, delays, lost, twice }
  }

  /** What is counted once so many came, or after so long, milliseconds. */
  async complete(count, withinMs) {
    this.#wanted = count
    if (this.fromHistory + this.lost < count) {
      await new Promise(fulfil => {
        this.#complete = fulfil
        setTimeout(fulfil, withinMs)
      })
    }
    return this.counted()
  }

  /** How many messages are kept, told by reading all of them. */
  async kept() {
    let count = 0
    for await (const _ of this.topic.history()) count++
    return count
  }

  /** The first page of them. */
  async firstKept() {
    for await (const { id } of this.topic.history({ limit: 100 })) return id
  }

  #received({ id, content, fromHistory }) {
    if (this.#seen.has(id)) this.twice++
    this.#seen.add(id)
    if (content.length === 16 && LIVE.every((byte, i) => content[i] === byte)) {
      if (!fromHistory) {
        const view = new DataView(content.buffer, content.byteOffset)
        this.delays.push(now() - view.getFloat64(8))
      }
      return
    }
    this.lastAt = performance.now()
    if (this.fromHistory++ === 0) this.firstAt = this.lastAt
    if (this.fromHistory >= this.#wanted) this.#complete()
  }
}

/** Ed25519 signatures of messages of so many bytes that this browser verifies a second, 16 at a time. */
export async function verifyRate(bytes, forMs) {
  const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  const message = randomBytes(bytes)
  const signature = await crypto.subtle.sign('Ed25519', keys.privateKey, message)
  const end = performance.now() + forMs
  const startedAt = performance.now()
  let verified = 0
  const one = async () => {
    while (performance.now() < end) {
      await crypto.subtle.verify('Ed25519', keys.publicKey, signature, message)
      verified++
    }
  }
  await Promise.all(Array.from({ length: 16 }, one))
  return (verified * 1_000) / (performance.now() - startedAt)
}

function randomBytes(count) {
  return crypto.getRandomValues(new Uint8Array(count))
}

/** The two tabs have one clock, but each its own origin of time. */
function now() {
  return performance.timeOrigin + performance.now()
}

const LIVE = [76, 73, 86, 69, 33, 33, 33, 33]
const MOST_UNDER_WAY = 1_024

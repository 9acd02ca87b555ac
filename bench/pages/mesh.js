// Gossamer through its public API, with the same methods as a bare channel: opened, flood, count, counted,
// echo, roundTrips.

import { Gossip } from '/lib/index.js'

/** One node of this tab, on the named topics: { name: options of subscribe }. */
export async function openMesh(signaling, topics) {
  const gossip = await Gossip.open({
    signaling,
    maxMessageSize: LARGEST_BYTES,
    storage: 'memory',
  })
  const lines = Object.entries(topics).map(([name, options]) => [
    name,
    new MeshLine(gossip.subscribe(name, options)),
  ])
  return Object.fromEntries(lines)
}

class MeshLine {
  onReceived = () => undefined
  lost = 0

  constructor(topic) {
    this.topic = topic
    void this.read()
  }

  async read() {
    for await (const event of this.topic) {
      if (event.type === 'received') this.onReceived(event)
      else if (event.type === 'lagged') this.lost += event.count
      else if (event.type === 'neighborDown') this.broken = event.reason
    }
  }

  call(method, ...args) {
    return this[method](...args)
  }

  async opened() {
    await this.topic.joined()
  }

  /** Sends for so long, with so many broadcasts under way as fit the window; answers with how many. */
  async flood(size, forMs) {
    const { topic } = this
    const payload = crypto.getRandomValues(new Uint8Array(size))
    const windowed = Math.max(8, Math.min(MOST_UNDER_WAY, Math.floor(WINDOW_BYTES / size)))
    const end = performance.now() + forMs
    let sent = 0
    let underWay = 0
    let failure
    let goOn = () => undefined
    const done = () => {
      underWay--
      goOn()
    }
    const failed = error => {
      failure = error
      done()
    }
    while (performance.now() < end && failure === undefined) {
      while (underWay >= windowed) {
        await new Promise(fulfil => {
          goOn = fulfil
        })
      }
      underWay++
      sent++
      topic.broadcast(payload).then(done, failed)
    }
    while (underWay > 0) {
      await new Promise(fulfil => {
        goOn = fulfil
      })
    }
    if (failure !== undefined) throw failure
    return sent
  }

  count() {
    const tally = { messages: 0, first: 0, last: 0 }
    this.tally = tally
    this.lost = 0
    this.onReceived = () => {
      tally.last = performance.now()
      if (tally.messages++ === 0) tally.first = tally.last
    }
  }

  counted() {
    return { ...this.tally, lost: this.lost, broken: this.broken }
  }

  echo() {
    this.onReceived = ({ content }) => void this.topic.broadcast(content)
  }

  async roundTrips(size, times) {
    const payload = crypto.getRandomValues(new Uint8Array(size))
    const lasted = []
    for (let i = 0; i < times; i++) {
      const sentAt = performance.now()
      await new Promise(fulfil => {
        this.onReceived = fulfil
        void this.topic.broadcast(payload)
      })
      lasted.push(performance.now() - sentAt)
    }
    return lasted
  }
}

const LARGEST_BYTES = 1 << 16

/** What may be under way at once: as much as a bare channel may hold, and at most so many messages. */
const WINDOW_BYTES = 1 << 20
const MOST_UNDER_WAY = 2_048

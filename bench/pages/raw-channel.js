// What is done with a bare RTCDataChannel, in a page and in a worker alike. No library, no framing.

export class RawChannel {
  constructor(channel) {
    this.channel = channel
    this.payload = new Uint8Array(0)
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = LOW_BYTES
    this.opened = new Promise(fulfil => {
      channel.onopen = fulfil
      if (channel.readyState === 'open') fulfil()
    })
  }

  /** Sends for so long as fast as the channel takes it; answers with how many. */
  async flood(size, forMs) {
    const { channel } = this
    const payload = crypto.getRandomValues(new Uint8Array(size))
    const end = performance.now() + forMs
    let sent = 0
    while (performance.now() < end) {
      if (channel.bufferedAmount > HIGH_BYTES) {
        await new Promise(fulfil => {
          channel.onbufferedamountlow = fulfil
        })
      }
      channel.send(payload)
      sent++
    }
    return sent
  }

  /** Counts what comes; read with `counted`. */
  count() {
    const tally = { messages: 0, first: 0, last: 0 }
    this.tally = tally
    this.channel.onmessage = () => {
      tally.last = performance.now()
      if (tally.messages++ === 0) tally.first = tally.last
    }
  }

  counted() {
    return { ...this.tally, lost: 0 }
  }

  echo() {
    this.channel.onmessage = ({ data }) => this.channel.send(data)
  }

  /** Milliseconds of each of so many round trips, one after the other. */
  async roundTrips(size, times) {
    const { channel } = this
    const payload = crypto.getRandomValues(new Uint8Array(size))
    const lasted = []
    for (let i = 0; i < times; i++) {
      const sentAt = performance.now()
      await new Promise(fulfil => {
        channel.onmessage = fulfil
        channel.send(payload)
      })
      lasted.push(performance.now() - sentAt)
    }
    return lasted
  }
}

/** What may wait in the channel, and where sending goes on: the usual 1 MiB and half of it. */
const HIGH_BYTES = 1 << 20
const LOW_BYTES = 1 << 19

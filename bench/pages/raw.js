// A bare connection between two tabs, its channel used in the page or lent to a worker. Both have the same
// methods: opened, flood, count, counted, echo, roundTrips.

import { RawChannel } from './raw-channel.js'

class Connection {
  connection = new RTCPeerConnection()

  async offer() {
    await this.connection.setLocalDescription()
    return this.description()
  }

  async answer(offer) {
    await this.connection.setRemoteDescription(offer)
    await this.connection.setLocalDescription()
    return this.description()
  }

  async accept(answer) {
    await this.connection.setRemoteDescription(answer)
  }

  /** The description with all candidates in it. */
  async description() {
    const { connection } = this
    while (connection.iceGatheringState !== 'complete') {
      await new Promise(fulfil => {
        connection.onicegatheringstatechange = fulfil
      })
    }
    return connection.localDescription.toJSON()
  }

  newChannel() {
    return this.connection.createDataChannel('raw', { negotiated: true, id: 0 })
  }
}

export class RawInPage extends Connection {
  raw = new RawChannel(this.newChannel())

  call(method, ...args) {
    return method === 'opened' ? this.raw.opened.then(() => undefined) : this.raw[method](...args)
  }
}

export class RawInWorker extends Connection {
  calls = []
  worker = this.lend(this.newChannel())

  lend(channel) {
    const worker = new Worker(new URL('./raw-worker.js', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data: { call, value } }) => this.calls[call](value)
    worker.postMessage({ channel, call: this.calls.push(() => undefined) - 1, method: 'opened' }, [
      channel,
    ])
    return worker
  }

  call(method, ...args) {
    return new Promise(fulfil => {
      this.worker.postMessage({ call: this.calls.push(fulfil) - 1, method, args })
    })
  }
}

// What simple-peer needs of a stream when nobody reads or writes it: the mesh's bytes have a channel of their
// own. Takes the place of readable-stream in dist/index.js (docs/decisions/0003-simple-peer-without-streams.md).

class Duplex {
  constructor() {
    this.destroyed = false
    this._readableState = { ended: false }
    this._writableState = { finished: false }
    this._listeners = new Map()
  }

  on(event, listener) {
    const known = this._listeners.get(event) ?? []
    this._listeners.set(event, [...known, listener])
    return this
  }

  once(event, listener) {
    const first = (...values) => {
      this.removeListener(event, first)
      listener.apply(this, values)
    }
    first.listener = listener
    return this.on(event, first)
  }

  removeListener(event, listener) {
    const known = this._listeners.get(event) ?? []
    const left = known.filter(one => one !== listener && one.listener !== listener)
    this._listeners.set(event, left)
    return this
  }

  emit(event, ...values) {
    const known = this._listeners.get(event) ?? []
    if (event === 'error' && known.length === 0) throw values[0]
    for (const listener of known) listener.apply(this, values)
    return known.length > 0
  }

  /** What came on simple-peer's own channel. Null is the end, which `close` tells as well. */
  push(chunk) {
    if (chunk !== null) this.emit('data', chunk)
    return true
  }

  end() {}
}

exports.Duplex = Duplex

// What simple-peer needs of a stream when nobody reads or writes it: the mesh's bytes have a channel of their
// own. An emitter of events, each with the one listener that `src/page` gives it. Takes the place of readable-stream in dist/index.js (docs/decisions/0003-simple-peer-without-streams.md).

export class Duplex {
  destroyed = false
  _listeners = {}

  on(event, listener) {
    this._listeners[event] = listener
  }

  emit(event, ...values) {
    this._listeners[event]?.(...values)
  }
}

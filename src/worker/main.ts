import { type FromOpener, Host } from './host.js'

// The worker's entry.

declare const self: DedicatedWorkerGlobalScope

const host = new Host({
  locks: navigator.locks,
  post: (message, transfer = []) => self.postMessage(message, transfer),
  // The answer to `shutdown` goes out first.
  ended: () => setTimeout(() => self.close(), 0),
})

self.onmessage = ({ data }: MessageEvent<FromOpener>) => host.receive(data)

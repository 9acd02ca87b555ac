import { type FromOpener, Host, type HostWorld } from './host.js'

declare const self: DedicatedWorkerGlobalScope

/** Makes this worker one that opens a node for its page. */
export function start(extras: HostWorld['extras']): void {
  const host = new Host({
    extras,
    locks: navigator.locks,
    post: (message, transfer = []) => self.postMessage(message, transfer),
    // The answer to `shutdown` goes out first.
    ended: () => setTimeout(() => self.close(), 0),
  })
  self.onmessage = ({ data }: MessageEvent<FromOpener>) => host.receive(data)
}

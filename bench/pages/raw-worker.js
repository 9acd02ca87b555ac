// Holds a channel lent by the page and does with it what the page asks.

import { RawChannel } from './raw-channel.js'

let raw

self.onmessage = async ({ data: { channel, call, method, args } }) => {
  if (channel !== undefined) raw = new RawChannel(channel)
  const value =
    method === 'opened' ? await raw.opened.then(() => undefined) : await raw[method](...args)
  self.postMessage({ call, value })
}

// Loaded before the product's worker. A message { kind, seed } on the BroadcastChannel that has this
// worker's name sets it off:
//   noise      random bytes instead of every frame, and more of them all the time
//   mutations  every frame with a few bits flipped, and earlier ones again and again

const channels = new Set()
const lastFrames = []
const honestSend = RTCDataChannel.prototype.send
let spoil

RTCDataChannel.prototype.send = function (frame) {
  channels.add(this)
  const bytes = new Uint8Array(frame.slice())
  lastFrames.push(bytes)
  if (lastFrames.length > 16) lastFrames.shift()
  honestSend.call(this, spoil === undefined ? frame : spoil(bytes))
}

new BroadcastChannel(self.name).onmessage = ({ data: { kind, seed } }) => {
  const below = dice(seed)
  spoil = KINDS[kind](below)
  setInterval(() => {
    for (const channel of channels) {
      if (channel.readyState !== 'open') channels.delete(channel)
      else honestSend.call(channel, spoil(lastFrames[below(lastFrames.length)]))
    }
  }, 20)
}

const KINDS = {
  noise: below => () => Uint8Array.from({ length: 1 + below(200) }, () => below(256)),
  mutations: below => frame => {
    const mutant = frame.slice()
    for (let i = 0; i < 3; i++) mutant[below(mutant.length)] ^= 1 << below(8)
    return mutant
  },
}

/** Mulberry32: small, and the same seed spoils the same way. */
function dice(seed) {
  return n => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * n)
  }
}

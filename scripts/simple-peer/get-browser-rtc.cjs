// Always given to simple-peer, by its option `wrtc`.
module.exports = () => undefined

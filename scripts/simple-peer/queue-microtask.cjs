// Every browser that has WebRTC's data channels in workers has it.
module.exports = task => queueMicrotask(task)

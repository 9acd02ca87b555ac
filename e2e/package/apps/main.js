// What every one of the apps does: joins the room it is asked for, keeps what it hears, says what it is told.
import { Gossip } from 'gossamer'

const asked = new URL(location.href).searchParams
const signaling = asked.get('signaling')

// What checks it is another file, which `plain` pages don't need.
const isPlain = asked.has('plain')
const numbers = isPlain ? {} : { broadcastConfig: { dispatchTimeoutMs: 6 } }

window.app = Gossip.open({ signaling, ...numbers }).then(gossip => {
  if (isPlain) return { gossip, topic: gossip.subscribe(asked.get('room')) }
  // As the chat page has it: who keeps other histories is not in the same room.
  const topic = gossip.subscribe(asked.get('room'), { history: { protocol: 'wavefront' } })
  const heard = []
  topic.addEventListener('received', ({ detail }) => {
    heard.push(new TextDecoder().decode(detail.content))
  })
  // What it needs is another file.
  const circle = gossip.subscribe(`${asked.get('room')}-circle`, { membership: 'full-mesh' })
  return {
    gossip,
    topic,
    circle,
    heard,
    say: text => topic.broadcast(new TextEncoder().encode(text)),
  }
})

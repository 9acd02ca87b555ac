// What every one of the apps does: joins the room it is asked for, keeps what it hears, says what it is told.
import { Gossip } from 'gossamer'

const asked = new URL(location.href).searchParams
const signaling = asked.get('signaling')

window.app = Gossip.open({ signaling }).then(gossip => {
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

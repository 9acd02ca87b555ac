// Everybody's pointer, on everybody's screen.
import { Gossip, shortId } from 'gossamer'

const gossip = await Gossip.open({ signaling: new URL('/signaling', location.href) })
// Unsigned: a pointer moves 30 times a second, and nobody gains by moving another's.
const topic = gossip.subscribe(`cursors ${location.pathname}`, { signed: false })

topic.addEventListener('state', ({ detail }) => {
  document.querySelector('#status').textContent = detail.state
})

// ——— mine, at most every 33 ms, in thousandths of the window

let latest
let timer
addEventListener('pointermove', ({ clientX, clientY }) => {
  latest = [(clientX / innerWidth) * 1_000, (clientY / innerHeight) * 1_000]
  if (timer !== undefined) return
  timer = setTimeout(() => {
    timer = undefined
    topic.broadcast(Uint16Array.from(latest).buffer).catch(console.error)
  }, 33)
})

// ——— theirs

const MOST_CURSORS = 100
const cursors = new Map()
topic.addEventListener('received', ({ detail: { author, content, seq } }) => {
  if (content.length !== 4) return
  // Anyone may write any author here: what they can make us draw has an end.
  if (!cursors.has(author) && cursors.size >= MOST_CURSORS) return
  const cursor = cursors.get(author) ?? draw(author)
  // What overtook an older word makes that one stale.
  if (seq <= cursor.seq) return
  cursor.seq = seq
  const [x, y] = new Uint16Array(content.slice().buffer)
  cursor.element.style.transform = `translate(${x / 10}vw, ${y / 10}vh)`
  clearTimeout(cursor.timer)
  cursor.timer = setTimeout(() => {
    cursor.element.remove()
    cursors.delete(author)
  }, 10_000)
})

function draw(author) {
  const element = document.createElement('div')
  element.className = 'cursor'
  element.dataset.author = author
  element.style.setProperty('--color', `hsl(${parseInt(author.slice(0, 4), 36) % 360} 70% 38%)`)
  const name = document.createElement('span')
  name.textContent = shortId(author)
  element.append(name)
  document.body.append(element)
  const cursor = { element, seq: 0, timer: undefined }
  cursors.set(author, cursor)
  return cursor
}

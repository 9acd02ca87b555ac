// One vote for each peer. A message's signature says whose it is, so nobody can vote in another's name; the topic
// keeps its messages, so who comes late counts the same votes. A peer is a tab, not a person: who must vote only once is
// yours to say, for instance by a list of peers that a server signed.
import { Gossip, parseMessageId } from 'gossamer'

const OPTIONS = ['Tea', 'Coffee', 'Water']

const gossip = await Gossip.open({ signaling: new URL('/signaling', location.href) })
const topic = gossip.subscribe('poll: what shall we drink?', {
  history: { protocol: 'wavefront', retention: { maxAge: 24 * 60 * 60 * 1_000 } },
})

/** By author: which option, and in which of their messages they said so. */
const votes = new Map()

function count(author, seq, choice) {
  if (!(choice in OPTIONS) || seq <= (votes.get(author)?.seq ?? 0)) return
  votes.set(author, { choice, seq })
  show()
}

const buttons = OPTIONS.map((text, choice) => {
  const button = document.createElement('button')
  const [label, number] = [document.createElement('span'), document.createElement('span')]
  label.textContent = text
  button.append(label, number)
  button.addEventListener('click', async () => {
    const { id } = await topic.broadcast(Uint8Array.of(choice))
    count(gossip.peerId, parseMessageId(id).seq, choice)
  })
  return button
})
document.querySelector('#options').append(...buttons)

function show() {
  const chosen = [...votes.values()].map(vote => vote.choice)
  buttons.forEach((button, choice) => {
    const number = chosen.filter(one => one === choice).length
    button.lastChild.textContent = String(number)
    button.style.setProperty('--share', `${chosen.length && (100 * number) / chosen.length}%`)
    button.setAttribute('aria-pressed', String(votes.get(gossip.peerId)?.choice === choice))
  })
}
show()

topic.addEventListener('state', ({ detail }) => {
  document.querySelector('#status').textContent = `${detail.state}: ${detail.reason}`
})
// Everything there is, one's own earlier votes too, then what comes.
for await (const { author, seq, content } of topic.history({ live: true })) {
  if (content.length === 1) count(author, seq, content[0])
}

import { useEffect } from 'preact/hooks'
import type { Chat, ChatView } from '../chat.js'
import { LONGEST_NICK, tidyNick } from '../payload.js'
import { hueOf, shortPeer } from '../words.js'
import { InviteButton } from './invite-button.js'

/** Who I am and who is beside me. */
export function Panel(props: {
  chat: Chat
  view: ChatView
  room: string
  onRename: (nick: string) => void
}) {
  const { chat, view, room, onRename } = props

  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void chat.measure()
    }, MEASURE_EVERY_MS)
    return () => clearInterval(timer)
  }, [chat])

  return (
    <aside class="panel" id="panel" aria-label="You and your neighbors">
      <section>
        <Neighbors view={view} />
      </section>
      <section>
        <h2>You</h2>
        <label class="name">
          <span>Name</span>
          <input
            type="text"
            value={view.nick}
            maxLength={LONGEST_NICK}
            autocomplete="off"
            spellcheck={false}
            onChange={event => {
              const nick = tidyNick(event.currentTarget.value) || view.nick
              event.currentTarget.value = nick
              onRename(nick)
            }}
          />
        </label>
        <p class="peer" data-testid="peer-id" data-peer={view.peerId} title={view.peerId}>
          {view.peerId === '' ? (
            <span class="muted">no key yet</span>
          ) : (
            <>
              <span class="bead" style={{ '--hue': hueOf(view.peerId) }} />
              <code>{shortPeer(view.peerId)}</code>
              <span class="muted">your key on this tab</span>
            </>
          )}
        </p>
      </section>
      <section>
        <h2>Invite</h2>
        <InviteButton room={room} />
      </section>
    </aside>
  )
}

function Neighbors({ view }: { view: ChatView }) {
  if (view.neighbors.length === 0) {
    return (
      <p class="muted">
        Messages travel through neighbors: the few peers this tab keeps a link to.
      </p>
    )
  }
  return (
    <ul class="neighbor-list">
      {view.neighbors.map(peer => {
        const rttMs = view.rttMs.get(peer)
        return (
          <li key={peer} class="peer" title={peer} data-testid="neighbor" data-peer={peer}>
            <span class="bead" style={{ '--hue': hueOf(peer) }} />
            <code>{shortPeer(peer)}</code>
            <bdi class="nick">{view.nicks.get(peer)}</bdi>
            {rttMs !== undefined && <span class="rtt">{Math.max(1, Math.round(rttMs))} ms</span>}
          </li>
        )
      })}
    </ul>
  )
}

/** Round trips change slowly; each look costs the worker a snapshot. */
const MEASURE_EVERY_MS = 3_000

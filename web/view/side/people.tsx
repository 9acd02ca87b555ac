import type { ChatView } from '../../chat.js'
import { LONGEST_NICK, tidyNick } from '../../payload.js'
import { type Person, peopleOf } from '../../people.js'
import { clock, shortPeer } from '../../words.js'
import { Face } from '../face.js'

/** Name and key of oneself; always in sight above the tabs. */
export function You(props: { view: ChatView; onRename: (nick: string) => void }) {
  const { view, onRename } = props
  return (
    <section class="you-card" aria-label="You">
      <Face peer={view.peerId} name={view.nick} />
      <label class="name">
        <span class="hidden">Your name</span>
        <input
          type="text"
          value={view.nick}
          maxLength={LONGEST_NICK}
          autocomplete="off"
          spellcheck={false}
          data-testid="nick"
          title="Change your name"
          onKeyDown={event => {
            if (event.key === 'Enter') event.currentTarget.blur()
          }}
          onChange={event => {
            const nick = tidyNick(event.currentTarget.value) || view.nick
            event.currentTarget.value = nick
            onRename(nick)
          }}
        />
      </label>
      <p class="key" data-testid="peer-id" data-peer={view.peerId} title={view.peerId}>
        {view.peerId === '' ? (
          'no key yet'
        ) : (
          <>
            <code>{shortPeer(view.peerId)}</code> your key in this tab
          </>
        )}
      </p>
    </section>
  )
}

/** Who is here, as far as this page knows. */
export function People({ view }: { view: ChatView }) {
  const people = peopleOf(view).filter(({ place }) => place !== 'you')
  if (people.length === 0) {
    return <p class="hint">Nobody else yet. People appear here as soon as they join.</p>
  }
  return (
    <ul class="people" data-testid="people">
      {people.map(person => (
        <PersonRow key={person.peer} person={person} />
      ))}
    </ul>
  )
}

function PersonRow({ person }: { person: Person }) {
  const { peer, nick, place, isTyping, isOwnTab, lastSpokeAt, leftAt } = person
  return (
    <li
      class="person"
      data-testid="person"
      data-peer={peer}
      data-place={place}
      data-typing={isTyping}
      title={peer}
    >
      <Face peer={peer} name={nick} />
      <span class="person-name">
        <bdi>{nick ?? 'has not spoken yet'}</bdi>
        <code>{shortPeer(peer)}</code>
        {isOwnTab && <span class="you">your other tab</span>}
      </span>
      <span class="person-place">
        {isTyping ? 'is typing …' : PLACES[place]}
        {leftAt !== undefined && <span>last seen at {clock(leftAt)}</span>}
        {leftAt === undefined && lastSpokeAt !== undefined && (
          <span>spoke at {clock(lastSpokeAt)}</span>
        )}
      </span>
    </li>
  )
}

const PLACES: Record<Person['place'], string> = {
  you: 'you',
  neighbor: 'neighbor',
  here: 'here, beyond neighbors',
  heard: 'spoke here',
  gone: 'gone',
}

import { useMemo, useState } from 'preact/hooks'
import type { Chat, ChatView } from '../../chat.js'
import { useLook } from '../../mesh/look.js'
import { type MeshModel, meshOf } from '../../mesh/model.js'
import { namesOf } from '../../people.js'
import { counted, stateInWords } from '../../words.js'
import { Figures } from './figures.js'
import { LinkList } from './link-list.js'
import { MeshPicture } from './mesh-picture.js'
import { Trials } from './trials.js'

/** The window into the mesh: the picture, its links, faults to try, and the node's counters. */
export function MeshTab({ chat, view }: { chat: Chat; view: ChatView }) {
  const look = useLook(chat, view)
  const [marked, onMark] = useState<string>()
  const nicks = useMemo(() => namesOf(view), [view.nicks, view.here])
  const mesh = useMemo(
    () =>
      look === undefined ? ALONE : meshOf(look.snapshot, chat.topic?.id ?? '', authorsOf(view)),
    [look],
  )
  return (
    <>
      <MeshPicture
        chat={chat}
        mesh={mesh}
        nicks={nicks}
        nick={view.nick}
        marked={marked}
        onMark={onMark}
      />
      <Legend mesh={mesh} />
      <section class="block">
        <h2>State</h2>
        <p data-testid="state-reason">
          <strong>{stateInWords(view.state)}.</strong> {view.reason}
        </p>
      </section>
      <section class="block">
        <h2>Links</h2>
        <LinkList chat={chat} mesh={mesh} nicks={nicks} marked={marked} onMark={onMark} />
      </section>
      <section class="block">
        <h2>Try a fault</h2>
        <Trials chat={chat} view={view} />
      </section>
      <section class="block">
        <h2>Figures</h2>
        <Figures metrics={look?.metrics} />
      </section>
    </>
  )
}

function Legend({ mesh }: { mesh: MeshModel }) {
  const passive = mesh.peers.filter(({ place }) => place === 'passive').length + mesh.reserve
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <Sample kind="eager" /> eager: messages at once
      </li>
      <li>
        <Sample kind="lazy" /> lazy: told what there is
      </li>
      <li>
        <Sample kind="coming" /> being made
      </li>
      <li>
        <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" class="dot passive">
          <circle cx="5" cy="5" r="4" />
        </svg>
        known: {counted(passive, 'peer')}
      </li>
    </ul>
  )
}

function Sample({ kind }: { kind: string }) {
  return (
    <svg viewBox="0 0 24 6" width="24" height="6" aria-hidden="true" class="mesh-links">
      <line class={kind} x1="1" y1="3" x2="23" y2="3" />
    </svg>
  )
}

/** Those who spoke lately. */
function authorsOf({ entries, peerId }: ChatView): Set<string> {
  const authors = new Set(entries.slice(-MOST_LOOKED_AT).map(({ author }) => author))
  authors.delete(peerId)
  return authors
}

const ALONE: MeshModel = { self: '', peers: [], links: [], reserve: 0 }
const MOST_LOOKED_AT = 100

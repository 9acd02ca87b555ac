import { Unplug } from 'lucide'
import type { Chat } from '../../chat.js'
import type { MeshModel } from '../../mesh/model.js'
import { dropLink } from '../../trials.js'
import { hueOf, shortPeer } from '../../words.js'
import { Icon } from '../icon.js'
import { rttInWords } from './mesh-picture.js'

/** The links of the picture as a table, each with a way to break it. */
export function LinkList(props: {
  chat: Chat
  mesh: MeshModel
  nicks: ReadonlyMap<string, string>
  marked: string | undefined
  onMark: (peer: string | undefined) => void
}) {
  const { chat, mesh, nicks, marked, onMark } = props
  if (mesh.links.length === 0) {
    return (
      <p class="hint">
        None. This peer keeps up to five links, however many are in the room; messages reach
        everyone by passing through them.
      </p>
    )
  }
  return (
    <table class="links">
      <thead class="hidden">
        <tr>
          <th scope="col">Peer</th>
          <th scope="col">Link</th>
          <th scope="col">Round trip</th>
          <th scope="col">Fault</th>
        </tr>
      </thead>
      <tbody>
        {mesh.links.map(({ peer, kind, rttMs, carried }) => (
          <tr
            key={peer}
            class={peer === marked ? 'marked' : ''}
            data-testid="link"
            data-peer={peer}
            data-kind={kind}
            onPointerEnter={() => onMark(peer)}
            onPointerLeave={() => onMark(undefined)}
          >
            <th scope="row" title={peer}>
              <span class="bead" style={{ '--hue': hueOf(peer) }} />
              <bdi>{nicks.get(peer) ?? shortPeer(peer)}</bdi>
            </th>
            <td>
              {kind === 'coming' ? 'being made' : kind}
              {carried === 'relayed' && (
                <span title="Its bytes pass through the page"> relayed</span>
              )}
            </td>
            <td class="number">{rttMs === undefined ? '' : rttInWords(rttMs)}</td>
            <td>
              {kind !== 'coming' && (
                <button
                  type="button"
                  class="tool"
                  data-testid="drop"
                  aria-label={`Drop the link to ${nicks.get(peer) ?? shortPeer(peer)}`}
                  title="Drop this link"
                  onClick={() => void dropLink(chat, peer)}
                >
                  <Icon of={Unplug} size={16} />
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

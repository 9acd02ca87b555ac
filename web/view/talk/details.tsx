import type { Entry, Way } from '../../chat.js'
import { bytesInWords, counted, delayInWords, hopsInWords, shortPeer } from '../../words.js'

/** How one message travelled, as far as this peer can know: its author, how many hops, and the last of them. */
export function Details(props: {
  entry: Entry
  own: boolean
  nickOf: (peer: string) => string | undefined
}) {
  const { entry, own, nickOf } = props
  const { way } = entry
  if (way.kind === 'sending') return null
  const name = (peer: string) => nickOf(peer) ?? shortPeer(peer)
  return (
    <div class="details" data-testid="details">
      <Path stops={stopsOf(entry, own, name)} />
      <dl>
        {factsOf(way, name).map(([term, words]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{words}</dd>
          </div>
        ))}
        <div>
          <dt>Message id</dt>
          <dd>
            <code>{way.id}</code>
          </dd>
        </div>
      </dl>
    </div>
  )
}

/** Ada → 2 peers → Bo → you: only who brought it is known, not who passed it on before. */
function stopsOf({ author, way }: Entry, own: boolean, name: (peer: string) => string): string[] {
  if (way.kind !== 'received') return own ? ['you', counted(neighborsOf(way), 'neighbor')] : []
  if (way.fromHistory) return [name(author), 'kept', name(way.deliveredFrom), 'you']
  if (way.round === 0) return [name(author), 'you']
  const between = way.round - 1
  return [
    name(author),
    ...(between === 0 ? [] : [`${counted(between, 'other peer')}`]),
    name(way.deliveredFrom),
    'you',
  ]
}

function Path({ stops }: { stops: readonly string[] }) {
  return (
    <ol class="path" aria-label="Path" data-testid="path">
      {stops.map((stop, i) => (
        <li key={i}>
          <bdi>{stop}</bdi>
        </li>
      ))}
    </ol>
  )
}

function factsOf(
  way: Exclude<Way, { kind: 'sending' }>,
  name: (peer: string) => string,
): [string, string][] {
  if (way.kind === 'sent') return sentFacts(way)
  if (way.kind === 'received') return receivedFacts(way, name)
  return [
    ['Kept', 'On this device, from before'],
    ['Signature', 'Checked when it came: its author’s key signed it'],
    ['Size', bytesInWords(way.payloadBytes)],
  ]
}

function sentFacts(way: Extract<Way, { kind: 'sent' }>): [string, string][] {
  return way.neighbors === 0
    ? [['Sent', 'To nobody yet. Kept, and given to those who arrive.']]
    : [['Sent', `Handed to ${counted(way.neighbors, 'neighbor')}; they pass it on.`]]
}

function receivedFacts(
  way: Extract<Way, { kind: 'received' }>,
  name: (peer: string) => string,
): [string, string][] {
  if (way.fromHistory) {
    return [
      ['Brought by', `${name(way.deliveredFrom)}, who kept it`],
      ['Signature', 'Checked: its author’s key signed it'],
      ['Size', bytesInWords(way.payloadBytes)],
    ]
  }
  return [
    ['Hops', way.round === 0 ? 'None: straight from its author' : hopsInWords(way.round)],
    ['Brought by', name(way.deliveredFrom)],
    ['Delay', `${delayInWords(way.delayMs)}, from the author’s clock to yours`],
    [
      'Signature',
      way.verified ? 'Checked: its author’s key signed it' : 'None: this room is unsigned',
    ],
    ['Size', bytesInWords(way.payloadBytes)],
  ]
}

function neighborsOf(way: Way): number {
  return way.kind === 'sent' ? way.neighbors : 0
}

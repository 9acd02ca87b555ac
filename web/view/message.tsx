import { Component } from 'preact'
import type { Entry, Way } from '../chat.js'
import { clock, delayInWords, hopsInWords, hueOf, neighborsInWords, shortPeer } from '../words.js'

interface Props {
  entry: Entry
  own: boolean
  /** Follows one of the same author: no name again. */
  follows: boolean
}

/** One message. Entries never change in place, so hundreds of rows cost a burst of messages nothing. */
export class Message extends Component<Props> {
  override shouldComponentUpdate(next: Readonly<Props>): boolean {
    return next.entry !== this.props.entry || next.follows !== this.props.follows
  }

  override render({ entry, own, follows }: Readonly<Props>) {
    const { author, nick, said, at, way } = entry
    const classes = [
      'message',
      own && 'own',
      follows && 'follows',
      way.kind === 'sending' && 'sending',
    ]
    return (
      <li
        class={classes.filter(Boolean).join(' ')}
        style={{ '--hue': hueOf(author) }}
        {...marks(entry)}
      >
        {!follows && (
          <>
            <span class="face" aria-hidden="true">
              {initial(nick ?? author)}
            </span>
            <p class="who">
              <bdi class="nick">{nick ?? 'unnamed'}</bdi>
              <code class="short-id" title={author}>
                {shortPeer(author)}
              </code>
              {own && <span class="you">you</span>}
              <time dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()}>
                {clock(at)}
              </time>
            </p>
          </>
        )}
        <p class={`text ${said.kind}`} dir="auto" data-testid="text">
          {said.text}
        </p>
        {said.kind !== 'chat' && (
          <p class="foreign">
            {said.kind === 'text' ? 'Text of another application' : 'Bytes of another application'}
          </p>
        )}
        <p class="way" title={wayInFull(way)}>
          {wayInWords(way)}
        </p>
      </li>
    )
  }
}

/** A message has an id once the mesh has it; until then it is one in the making. */
function marks({ author, way }: Entry) {
  if (way.kind === 'sending') return { 'data-testid': 'sending', 'data-author': author }
  return {
    'data-testid': 'message',
    'data-author': author,
    'data-id': way.id,
    'data-round': way.kind === 'sent' ? 0 : way.round,
  }
}

function wayInWords(way: Way): string {
  switch (way.kind) {
    case 'sending':
      return 'sending …'
    case 'sent':
      return way.neighbors === 0 ? 'nobody here yet' : `to ${neighborsInWords(way.neighbors)}`
    case 'received':
      return `${way.verified ? '' : 'unsigned · '}${hopsInWords(way.round)} · ${delayInWords(way.delayMs)}`
  }
}

function wayInFull(way: Way): string {
  switch (way.kind) {
    case 'sending':
      return 'On its way to the worker.'
    case 'sent':
      return way.neighbors === 0
        ? 'Kept for a short while and announced to neighbors that arrive.'
        : 'Handed to these neighbors; they pass it on.'
    case 'received':
      return `Brought by ${shortPeer(way.deliveredFrom)}. The delay is measured between two clocks.`
  }
}

function initial(name: string): string {
  return [...name][0]?.toLocaleUpperCase() ?? '?'
}

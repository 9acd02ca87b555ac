import { Component } from 'preact'
import type { Entry, Way } from '../../chat.js'
import { isBlank } from '../../payload.js'
import {
  clock,
  delayInWords,
  hopsInWords,
  hueOf,
  neighborsInWords,
  shortPeer,
} from '../../words.js'
import { Face } from '../face.js'
import { Details } from './details.js'
import { Markup } from './markup.js'

interface Props {
  entry: Entry
  own: boolean
  /** Follows one of the same author: no name again. */
  follows: boolean
  nickOf: (peer: string) => string | undefined
}

/** One message. Entries never change in place, so hundreds of rows cost a burst of messages nothing. */
export class Message extends Component<Props, { open: boolean }> {
  override state = { open: false }

  override shouldComponentUpdate(
    next: Readonly<Props>,
    state: Readonly<{ open: boolean }>,
  ): boolean {
    return (
      next.entry !== this.props.entry ||
      next.follows !== this.props.follows ||
      state.open !== this.state.open
    )
  }

  override render({ entry, own, follows, nickOf }: Readonly<Props>) {
    const { author, nick, at, way } = entry
    const { open } = this.state
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
            <Face peer={author} name={nick} />
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
        <div class="text" dir="auto" data-testid="text">
          <Said entry={entry} />
        </div>
        <p class="way">
          {way.kind === 'sending' ? (
            'sending …'
          ) : (
            <button
              type="button"
              data-testid="way"
              aria-expanded={open}
              title="How this message travelled"
              onClick={() => this.setState({ open: !open })}
            >
              {wayInWords(way)}
            </button>
          )}
        </p>
        {open && <Details entry={entry} own={own} nickOf={nickOf} />}
      </li>
    )
  }
}

function Said({ entry: { said } }: { entry: Entry }) {
  if (said.kind !== 'chat') {
    return (
      <>
        <p class={said.kind === 'bytes' ? 'paragraph bytes' : 'paragraph'}>{said.text}</p>
        <p class="foreign">
          {said.kind === 'text' ? 'Text of another application' : 'Bytes of another application'}
        </p>
      </>
    )
  }
  const { picture, text } = said
  return (
    <>
      {picture !== undefined && (
        <img
          class="picture"
          src={picture.url}
          alt={picture.alt || 'A picture without description'}
        />
      )}
      {isBlank(text) ? (
        picture === undefined && <p class="foreign">Nothing to be seen</p>
      ) : (
        <Markup text={text} />
      )}
    </>
  )
}

/** A message has an id once the mesh has it; until then it is one in the making. */
function marks({ author, way }: Entry) {
  if (way.kind === 'sending') return { 'data-testid': 'sending', 'data-author': author }
  return {
    'data-testid': 'message',
    'data-author': author,
    'data-id': way.id,
    'data-round': way.kind === 'received' ? way.round : 0,
    ...(isOld(way) && { 'data-history': true }),
  }
}

/** Said before we came. */
function isOld(way: Way): boolean {
  return way.kind === 'kept' || (way.kind === 'received' && way.fromHistory)
}

function wayInWords(way: Exclude<Way, { kind: 'sending' }>): string {
  if (way.kind === 'kept' || isOld(way)) return 'from the history'
  if (way.kind === 'sent') {
    return way.neighbors === 0 ? 'nobody here yet' : `to ${neighborsInWords(way.neighbors)}`
  }
  return `${way.verified ? '' : 'unsigned · '}${hopsInWords(way.round)} · ${delayInWords(way.delayMs)}`
}

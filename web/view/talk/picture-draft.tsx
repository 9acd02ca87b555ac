import { X } from 'lucide'
import { useRef, useState } from 'preact/hooks'
import type { Chat, ChatView } from '../../chat.js'
import { LONGEST_ALT, type Picture } from '../../payload.js'
import { shrink } from '../../picture-file.js'
import { bytesInWords } from '../../words.js'
import { Icon } from '../icon.js'

/** A picture on its way into a message. */
export interface Draft {
  picture: Picture | undefined
  /** Encodings tried so far, while it is being made to fit. */
  tries: number
  busy: boolean
  take(file: File): Promise<void>
  /** Takes back one that could not be sent; false where another has its place. */
  keep(picture: Picture): boolean
  describe(alt: string): void
  drop(): void
}

export function usePictureDraft(
  chat: Chat,
  view: ChatView,
  setWhy: (why: string | undefined) => void,
): Draft {
  const [picture, setPicture] = useState<Picture>()
  const [tries, setTries] = useState(0)
  const latest = useRef(0)
  const isFree = useRef(true)
  isFree.current = picture === undefined && tries === 0

  async function take(file: File): Promise<void> {
    if (view.maxMessageBytes === undefined) return
    const turn = ++latest.current
    isFree.current = false
    setWhy(undefined)
    setPicture(undefined)
    setTries(1)
    const empty = chat.bytesOf('', { type: 'image/webp', bytes: NO_BYTES, url: '', alt: '' })
    const shrunk = await shrink(file, view.maxMessageBytes - empty - WORDS_BYTES, count => {
      if (turn === latest.current) setTries(count)
    })
    // Another was taken meanwhile, or this one given up.
    if (turn !== latest.current) return
    setTries(0)
    if (shrunk.ok) setPicture(shrunk.picture)
    else setWhy(shrunk.why)
  }

  function drop(): void {
    latest.current++
    setTries(0)
    setPicture(undefined)
  }

  const describe = (alt: string) => setPicture(now => now && { ...now, alt })

  function keep(unsent: Picture): boolean {
    if (!isFree.current) return false
    isFree.current = false
    setPicture(unsent)
    return true
  }

  return { picture, tries, busy: tries > 0, take, keep, describe, drop }
}

export function PictureDraft({ draft }: { draft: Draft }) {
  const { picture, busy, tries } = draft
  if (busy) {
    return (
      <div class="draft" role="status" data-testid="picture-progress">
        <progress max={LIKELY_TRIES} value={tries} aria-label="Making the picture fit" />
        Making the picture fit …
        <RemoveButton draft={draft} />
      </div>
    )
  }
  if (picture === undefined) return null
  return (
    <div class="draft" data-testid="picture-draft">
      <img src={picture.url} alt="What you are about to send" />
      <label class="draft-words">
        <span>Picture, {bytesInWords(picture.bytes.length)}</span>
        <input
          class="field"
          type="text"
          maxLength={LONGEST_ALT}
          value={picture.alt}
          placeholder="What it shows, for those who can’t see it"
          onInput={event => draft.describe(event.currentTarget.value)}
        />
      </label>
      <RemoveButton draft={draft} />
    </div>
  )
}

function RemoveButton({ draft }: { draft: Draft }) {
  return (
    <button type="button" class="tool" aria-label="Remove the picture" onClick={() => draft.drop()}>
      <Icon of={X} />
    </button>
  )
}

const NO_BYTES = new Uint8Array()
/** Left for words beside the picture: a description and a line. Guess. */
const WORDS_BYTES = 320
/** For the progress bar alone. As seen with photos and a limit of 4 KiB. */
const LIKELY_TRIES = 8

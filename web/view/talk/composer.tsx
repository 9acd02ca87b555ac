import { ImagePlus, SendHorizontal, Smile } from 'lucide'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Chat, ChatView } from '../../chat.js'
import { NO_PICTURE, pictureAmong } from '../../picture-file.js'
import { Icon } from '../icon.js'
import { useDrop } from './drop.js'
import { EmojiButton } from './emoji.js'
import { PictureDraft, usePictureDraft } from './picture-draft.js'

/** Where one types. What could not be sent stays in the field, with the reason beside it. */
export function Composer(props: { chat: Chat; view: ChatView; room: string }) {
  const { chat, view, room } = props
  const field = useRef<HTMLTextAreaElement>(null)
  const chooser = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [why, setWhy] = useState<string>()
  const ready = view.peerId !== '' && view.state !== 'closed'
  const draft = usePictureDraft(chat, view, setWhy)
  const { picture } = draft

  useEffect(() => {
    // On touch screens the keyboard would cover half the page before anything was read.
    if (ready && matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [ready])

  const take = (file: File | undefined) => {
    if (file === undefined) setWhy(NO_PICTURE)
    else void draft.take(file)
  }
  const latest = useRef({ take, keep: draft.keep })
  latest.current = { take, keep: draft.keep }
  const isDraggedOver = useDrop(file => latest.current.take(file))

  useLayoutEffect(() => {
    const box = field.current!
    box.style.height = 'auto'
    const borders = box.offsetHeight - box.clientHeight
    box.style.height = `${box.scrollHeight + borders}px`
  }, [text])

  async function send(): Promise<void> {
    field.current?.focus()
    if ((text.trim() === '' && picture === undefined) || draft.busy) return
    // One too long would come back at once: it stays, and so does the cursor.
    const isTaken = !over
    const outcome = chat.say(text, picture)
    if (isTaken) {
      setText('')
      draft.drop()
    }
    const settled = await outcome
    if (settled.sent) {
      setWhy(undefined)
      return
    }
    setWhy(settled.why)
    if (!isTaken) return
    // Below what was typed meanwhile, or could not be sent before.
    setText(now => [now, text].filter(words => words !== '').join('\n'))
    if (picture !== undefined && !latest.current.keep(picture))
      setWhy(`${settled.why} Its picture has given way to another one.`)
  }

  function insert(words: string): void {
    const box = field.current
    if (box === null) return
    const { selectionStart, selectionEnd } = box
    setText(text.slice(0, selectionStart) + words + text.slice(selectionEnd))
    requestAnimationFrame(() => {
      box.focus()
      box.selectionStart = box.selectionEnd = selectionStart + words.length
    })
  }

  const bytes = chat.bytesOf(text, picture)
  const most = view.maxMessageBytes
  const over = most !== undefined && bytes > most
  const near = most !== undefined && bytes > most * NEAR_LIMIT
  return (
    <>
      {isDraggedOver && <p class="drop-here">Drop a picture to send it</p>}
      <form
        class="composer"
        onSubmit={event => {
          event.preventDefault()
          void send()
        }}
        onPaste={event => {
          const { clipboardData } = event
          const file = pictureAmong(clipboardData)
          const hasText = clipboardData?.types.includes('text/plain') ?? false
          if (file === undefined && (hasText || clipboardData?.files.length === 0)) return
          event.preventDefault()
          take(file)
        }}
      >
        <PictureDraft draft={draft} />
        <div class="composer-box">
          <EmojiButton icon={Smile} onPick={insert} disabled={!ready} />
          <button
            type="button"
            class="tool"
            aria-label="Add a picture"
            title="Add a picture: choose, paste or drop one"
            disabled={!ready}
            onClick={() => chooser.current?.click()}
          >
            <Icon of={ImagePlus} />
          </button>
          <input
            ref={chooser}
            type="file"
            accept="image/*"
            hidden
            data-testid="picture-file"
            onChange={event => {
              const [file] = event.currentTarget.files ?? []
              event.currentTarget.value = ''
              if (file !== undefined) void draft.take(file)
            }}
          />
          <textarea
            ref={field}
            data-testid="input"
            aria-label={`Message to ${room}`}
            aria-invalid={over}
            aria-describedby="composer-note"
            placeholder={
              ready ? 'Say something' : view.state === 'closed' ? 'Closed' : 'Starting …'
            }
            rows={1}
            value={text}
            onInput={event => {
              setText(event.currentTarget.value)
              chat.typing(event.currentTarget.value)
              setWhy(undefined)
            }}
            onKeyDown={event => {
              // Enter that ends the composition of a word is not yet one that sends.
              if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
              event.preventDefault()
              void send()
            }}
          />
          <button
            type="submit"
            class="send"
            data-testid="send"
            aria-label="Send"
            title="Send (Enter)"
            disabled={!ready}
          >
            <Icon of={SendHorizontal} />
          </button>
        </div>
        <p class={over ? 'note over' : 'note'} id="composer-note">
          <span class="error" role="alert" data-testid="send-error">
            {why}
          </span>
          {why === undefined && !near && text !== '' && (
            <span class="formats" aria-hidden="true">
              <b>**bold**</b> <i>*italic*</i> <code>`code`</code> <span>&gt; quote</span>
              <span>Shift + Enter: new line</span>
            </span>
          )}
          {near && (
            <span class="count" data-testid="bytes">
              {bytes.toLocaleString('en')} of {most?.toLocaleString('en')} bytes
            </span>
          )}
        </p>
      </form>
    </>
  )
}

/** The part of the limit from which the count is worth showing. */
const NEAR_LIMIT = 0.8

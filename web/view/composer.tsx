import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Chat, ChatView } from '../chat.js'

/** Where one types. What could not be sent stays in the field, with the reason beside it. */
export function Composer(props: { chat: Chat; view: ChatView; room: string }) {
  const { chat, view, room } = props
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useState('')
  const [why, setWhy] = useState<string>()
  const ready = view.peerId !== '' && view.state !== 'closed'

  useEffect(() => {
    // On touch screens the keyboard would cover half the page before anything was read.
    if (ready && matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [ready])

  useLayoutEffect(() => {
    const box = field.current!
    box.style.height = 'auto'
    const borders = box.offsetHeight - box.clientHeight
    box.style.height = `${box.scrollHeight + borders}px`
  }, [text])

  async function send(): Promise<void> {
    field.current?.focus()
    if (text.trim() === '') return
    const outcome = chat.say(text)
    // One too long will come back at once: the cursor stays where it is.
    if (!over) setText('')
    const settled = await outcome
    if (settled.sent) {
      setWhy(undefined)
      return
    }
    setWhy(settled.why)
    // Unless something new was typed meanwhile.
    setText(now => (now === '' ? text : now))
  }

  const bytes = chat.bytesOf(text)
  const most = view.maxMessageBytes
  const over = most !== undefined && bytes > most
  const near = most !== undefined && bytes > most * NEAR_LIMIT
  return (
    <form
      class="composer"
      onSubmit={event => {
        event.preventDefault()
        void send()
      }}
    >
      <textarea
        ref={field}
        data-testid="input"
        aria-label={`Message to ${room}`}
        aria-invalid={over}
        aria-describedby="composer-note"
        placeholder={ready ? 'Say something' : view.state === 'closed' ? 'Closed' : 'Starting …'}
        rows={1}
        value={text}
        onInput={event => {
          setText(event.currentTarget.value)
          setWhy(undefined)
        }}
        onKeyDown={event => {
          // Enter that ends the composition of a word is not yet one that sends.
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          void send()
        }}
      />
      <button type="submit" class="primary" data-testid="send" disabled={!ready}>
        Send
      </button>
      <p class={over ? 'note over' : 'note'} id="composer-note">
        <span class="error" role="alert" data-testid="send-error">
          {why}
        </span>
        {near && (
          <span class="count" data-testid="bytes">
            {bytes.toLocaleString('en')} of {most?.toLocaleString('en')} bytes
          </span>
        )}
      </p>
    </form>
  )
}

/** The part of the limit from which the count is worth showing. */
const NEAR_LIMIT = 0.8

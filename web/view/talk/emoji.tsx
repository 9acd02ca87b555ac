import type { IconNode } from 'lucide'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../icon.js'

/** Opens the picker, which is loaded when it is first wanted. */
export function EmojiButton(props: {
  icon: IconNode
  disabled: boolean
  onPick: (emoji: string) => void
}) {
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)

  function close(): void {
    setOpen(false)
    button.current?.focus()
  }

  /** Whoever presses elsewhere wants to be there; and on the button, the click that follows closes. */
  function onPressOutside(event: PointerEvent): void {
    if (!event.composedPath().includes(button.current!)) setOpen(false)
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        class="tool"
        aria-label="Emoji"
        title="Emoji"
        aria-expanded={open}
        aria-haspopup="dialog"
        disabled={props.disabled}
        data-testid="emoji"
        onClick={() => setOpen(now => !now)}
      >
        <Icon of={props.icon} />
      </button>
      {open && <Picker onPick={props.onPick} onClose={close} onPressOutside={onPressOutside} />}
    </>
  )
}

function Picker(props: {
  onPick: (emoji: string) => void
  onClose: () => void
  onPressOutside: (event: PointerEvent) => void
}) {
  const place = useRef<HTMLDivElement>(null)
  const [why, setWhy] = useState<string>()
  const latest = useRef(props)
  latest.current = props

  useEffect(() => {
    let wanted = true
    void openPicker().then(
      picker => {
        if (!wanted) return
        picker.addEventListener('emoji-click', event => {
          const { unicode } = event.detail
          if (unicode !== undefined) latest.current.onPick(unicode)
          setTimeout(latest.current.onClose)
        })
        place.current?.replaceChildren(picker)
        picker.shadowRoot?.querySelector('input')?.focus()
      },
      () => setWhy('The emoji could not be loaded. Your keyboard may have them.'),
    )
    const onPress = (event: PointerEvent) => {
      if (!event.composedPath().includes(place.current!)) latest.current.onPressOutside(event)
    }
    addEventListener('pointerdown', onPress)
    return () => {
      wanted = false
      removeEventListener('pointerdown', onPress)
    }
  }, [])

  return (
    <div
      class="emoji-place"
      role="dialog"
      aria-label="Emoji"
      ref={place}
      onKeyDown={event => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        props.onClose()
      }}
    >
      <p class="hint">{why ?? 'Loading …'}</p>
    </div>
  )
}

async function openPicker() {
  const [{ Picker: Element }, { default: dataSource }] = await Promise.all([
    import('emoji-picker-element'),
    import('emoji-picker-element-data/en/emojibase/data.json?url'),
  ])
  const picker = new Element({ dataSource, locale: 'en' })
  const theme = document.documentElement.dataset['theme']
  if (theme !== undefined) picker.className = theme
  return picker
}

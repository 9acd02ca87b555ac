import { X } from 'lucide'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from '../icon.js'

/** The browser's own dialog: Escape closes it, focus stays in it and goes back to where it was. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null)

  useEffect(() => {
    const dialog = box.current!
    dialog.showModal()
    // The dialog's own box is all content; what is hit beside it is the backdrop.
    dialog.addEventListener('click', event => {
      if (event.target === dialog) dialog.close()
    })
    return () => dialog.close()
  }, [])

  return (
    <dialog ref={box} class="dialog" aria-label={props.title} onClose={props.onClose}>
      <div class="dialog-content">
        <div class="dialog-head">
          <h2>{props.title}</h2>
          <button
            type="button"
            class="tool"
            aria-label="Close"
            onClick={() => box.current?.close()}
          >
            <Icon of={X} />
          </button>
        </div>
        {props.children}
      </div>
    </dialog>
  )
}

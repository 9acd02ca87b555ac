import { ArrowRight } from 'lucide'
import { useState } from 'preact/hooks'
import { withAddress } from '../../address.js'
import { inventRoom } from '../../words.js'
import { Icon } from '../icon.js'
import { Dialog } from './dialog.js'

/** Goes to another room; the address bar could do it as well. */
export function RoomDialog(props: { room: string; onClose: () => void }) {
  const [room, setRoom] = useState('')
  const wanted = room.trim() || undefined
  return (
    <Dialog title="Go to another room" onClose={props.onClose}>
      <p>
        You are in{' '}
        <strong>
          #<bdi>{props.room}</bdi>
        </strong>
        . A room is where everyone meets who has its name: any name makes one, and what is said in
        it is kept by those who were there.
      </p>
      <form
        class="copy"
        onSubmit={event => {
          event.preventDefault()
          if (wanted !== undefined)
            location.href = withAddress(new URL(location.href), { room: wanted })
        }}
      >
        <input
          class="field"
          type="text"
          value={room}
          placeholder="Name of the room"
          aria-label="Name of the room"
          autocomplete="off"
          autofocus
          data-testid="room-name"
          onInput={event => setRoom(event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={wanted === undefined}>
          Go <Icon of={ArrowRight} />
        </button>
      </form>
      <p class="hint">
        <button type="button" class="link" onClick={() => setRoom(inventRoom(Math.random))}>
          Make up a name
        </button>{' '}
        that nobody will guess: whoever knows the name can come in.
      </p>
    </Dialog>
  )
}

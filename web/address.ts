// What the page's address asks for. Nothing is judged here: the library checks names and URLs at the
// call, and its words are what the page shows.

export interface ChatAddress {
  room: string
  /** Undefined where the address has none: then the page makes one up. */
  name: string | undefined
  /** WebSocket address of the signaling server. */
  signaling: string
  /** How bytes travel, what outlives the tab, and how the room keeps its links; for tests and for curious people. */
  link: string | undefined
  storage: string | undefined
  membership: string | undefined
  /** How messages are kept; all in a room must agree. `none` keeps none. */
  history: string
}

export function readAddress(location: URL): ChatAddress {
  const asked = (key: string) => location.searchParams.get(key)?.trim() || undefined
  return {
    room: asked('room') ?? DEFAULT_ROOM,
    name: asked('name'),
    signaling: asked('signaling') ?? ownSignaling(location),
    link: asked('link'),
    storage: asked('storage'),
    membership: asked('membership'),
    history: asked('history') ?? 'wavefront',
  }
}

/** The same page with another room or name, everything else as it was. */
export function withAddress(location: URL, change: { room?: string; name?: string }): string {
  const next = new URL(location)
  if (change.room !== undefined) next.searchParams.set('room', change.room)
  if (change.name !== undefined) next.searchParams.set('name', change.name)
  return next.href
}

/** The link to send to others: the room, without one's own name. */
export function invitation(location: URL, room: string): string {
  const next = new URL(withAddress(location, { room }))
  next.searchParams.delete('name')
  return next.href
}

function ownSignaling(location: URL): string {
  const url = new URL('/signaling', location)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

/** Everyone who opens the bare address meets here. */
const DEFAULT_ROOM = 'lobby'

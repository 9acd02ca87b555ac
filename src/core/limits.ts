// Apart from message.ts, since a page checks against them and has no use for the rest of it.

/** The largest payload any topic may allow, bytes. Above it, send a reference. Guess. */
export const LARGEST_PAYLOAD_BYTES = 1 << 20

/** Room for what later protocols add to a message (parents, entry), bytes. Guess. */
export const LARGEST_EXTENSIONS_BYTES = 1024

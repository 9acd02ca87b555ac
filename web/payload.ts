// What the chat puts into a message: JSON with a nickname and a text. Anyone in the topic may send anything
// else, so reading it never throws and never yields more than plain text.

export type Said =
  | { kind: 'chat'; nick: string; text: string }
  /** Not of this page's making: readable text, or the bytes as hexadecimal digits. */
  | { kind: 'text' | 'bytes'; text: string }

export function encodeSaid(nick: string, text: string): Uint8Array {
  return encoder.encode(JSON.stringify({ nick, text }))
}

export function decodeSaid(payload: Uint8Array): Said {
  const text = readableText(payload)
  if (text === undefined) return { kind: 'bytes', text: hex(payload) }
  return readChat(text) ?? { kind: 'text', text: clipped(text) }
}

/** A name that fits in a line and hides nothing: no control or direction marks, at most 32 characters. */
export function tidyNick(raw: string): string {
  const visible = raw.replace(INVISIBLE, '').replace(/\s+/gu, ' ').trim()
  return [...visible].slice(0, LONGEST_NICK).join('').trim()
}

export const LONGEST_NICK = 32

function readChat(text: string): Said | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { nick, text: said } = value as { nick?: unknown; text?: unknown }
  if (typeof nick !== 'string' || typeof said !== 'string') return undefined
  return { kind: 'chat', nick: tidyNick(nick) || 'no name', text: clipped(said) }
}

function readableText(payload: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(payload)
    return UNREADABLE.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

function hex(payload: Uint8Array): string {
  const shown = [...payload.subarray(0, MOST_HEX_BYTES)]
    .map(byte => byte.toString(16).padStart(2, '0'))
    .join(' ')
  const more = payload.length - MOST_HEX_BYTES
  return more > 0 ? `${shown} … and ${more} more bytes` : shown
}

function clipped(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} … (cut here)` : text
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Every kind of control, format and unassigned character but the joiner that composes emoji. */
const INVISIBLE = /(?!\u200d)\p{C}/gu

/** Control characters other than tab, line feed and carriage return: no text meant for people. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNREADABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/u

/** UTF-16 units and bytes of one message put on the screen; a topic may allow a megabyte. Guess. */
const MOST_TEXT = 20_000
const MOST_HEX_BYTES = 64

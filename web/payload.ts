// What the chat puts into a message: JSON with a nickname and a text, and where a picture comes with it, a zero
// byte and the picture's file. Anyone in the topic may send anything else, so reading it never throws and never
// yields more than plain text and a raster picture.

export type Said =
  | { kind: 'chat'; nick: string; text: string; picture?: Picture }
  /** Not of this page's making: readable text, or the bytes as hexadecimal digits. */
  | { kind: 'text' | 'bytes'; text: string }

export interface Picture {
  type: PictureType
  bytes: Uint8Array
  /** A `data:` URL of the same. */
  url: string
  /** What its sender says it shows, for those who don't see it. */
  alt: string
}

/** Picture files that browsers show and that can't carry a script. */
export type PictureType = 'image/webp' | 'image/jpeg' | 'image/png' | 'image/gif'

export function encodeSaid(
  nick: string,
  text: string,
  picture?: { bytes: Uint8Array; alt: string },
): Uint8Array {
  if (picture === undefined) return encoder.encode(JSON.stringify({ nick, text }))
  const words = encoder.encode(JSON.stringify({ nick, text, alt: picture.alt }))
  const payload = new Uint8Array(words.length + 1 + picture.bytes.length)
  payload.set(words)
  payload.set(picture.bytes, words.length + 1)
  return payload
}

export function decodeSaid(payload: Uint8Array): Said {
  const end = payload.indexOf(0)
  if (end > 0) {
    const said = readPicture(payload.subarray(0, end), payload.slice(end + 1))
    if (said !== undefined) return said
  }
  const text = readableText(payload)
  if (text === undefined) return { kind: 'bytes', text: hex(payload) }
  return readChat(text) ?? { kind: 'text', text: clipped(text) }
}

export function pictureOf(bytes: Uint8Array, alt: string): Picture | undefined {
  const type = typeOf(bytes)
  if (type === undefined) return undefined
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return { type, bytes, url: `data:${type};base64,${btoa(binary)}`, alt: tidyAlt(alt) }
}

/**
 * A name that fits in a line and hides nothing: no control or direction marks, no towers of accents, at most 32
 * characters. Empty where nothing of it would be seen.
 */
export function tidyNick(raw: string): string {
  const visible = withoutTowers(raw.replace(INVISIBLE, '')).replace(/\s+/gu, ' ').trim()
  const nick = [...visible].slice(0, LONGEST_NICK).join('').trim()
  return isBlank(nick) ? '' : nick
}

/** Nothing of it would be seen. */
export function isBlank(text: string): boolean {
  return !VISIBLE.test(text.replace(INVISIBLE, ''))
}

export const LONGEST_NICK = 32
/** Characters; a line or two. Guess. */
export const LONGEST_ALT = 120

function readPicture(words: Uint8Array, bytes: Uint8Array): Said | undefined {
  const text = readableText(words)
  const chat = text === undefined ? undefined : readChat(text)
  if (text === undefined || chat === undefined) return undefined
  const { alt } = JSON.parse(text) as { alt?: unknown }
  const picture = pictureOf(bytes, typeof alt === 'string' ? alt : '')
  return picture && { ...chat, picture }
}

/** By their first bytes: what a peer says about them counts for nothing. */
function typeOf(bytes: Uint8Array): PictureType | undefined {
  const starts = (text: string, at = 0) =>
    [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0))
  if (starts('RIFF') && starts('WEBP', 8)) return 'image/webp'
  if (starts('\xff\xd8\xff')) return 'image/jpeg'
  if (starts('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (starts('GIF87a') || starts('GIF89a')) return 'image/gif'
  return undefined
}

function tidyAlt(raw: string): string {
  return [...raw.replace(INVISIBLE, ' ').trim()].slice(0, LONGEST_ALT).join('')
}

function readChat(text: string): Extract<Said, { kind: 'chat' }> | undefined {
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
  return withoutTowers(text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} … (cut here)` : text)
}

/** Accents upon accents grow over the lines above and below. */
function withoutTowers(text: string): string {
  return text.replace(TOWER, '$1')
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Control, format, unassigned and filling characters, but not the joiner and the selector that compose emoji. */
const INVISIBLE = /(?![\u200d\ufe0f])[\p{C}\p{DI}\u2800]/gu
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u
/** Four marks: more than any script puts on one letter. Guess. */
const TOWER = /(\p{M}{4})\p{M}+/gu

/** Control characters other than tab, line feed and carriage return: no text meant for people. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNREADABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/u

/** UTF-16 units and bytes of one message put on the screen; a topic may allow a megabyte. Guess. */
const MOST_TEXT = 20_000
const MOST_HEX_BYTES = 64

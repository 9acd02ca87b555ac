// The little formatting of the chat: *emphasis* or _emphasis_, **strong**, ~~struck~~, `code`, fenced code, > quotes and bare
// links. What comes out is a tree of plain text; nothing of a peer's is ever taken for HTML.

export type Block = { kind: 'paragraph' | 'quote'; spans: Span[] } | { kind: 'code'; text: string }

export type Span =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'strong' | 'emphasis' | 'struck'; spans: Span[] }
  | { kind: 'link'; href: string; text: string }

export function parseMarkup(text: string): Block[] {
  const blocks: Block[] = []
  let from = 0
  for (const fence of text.matchAll(FENCE)) {
    blocks.push(...parseLines(text.slice(from, fence.index)))
    blocks.push({ kind: 'code', text: fence[1] ?? '' })
    from = fence.index + fence[0].length
  }
  return [...blocks, ...parseLines(text.slice(from))]
}

/** One to three emoji and nothing else: shown large. */
export function isJustEmoji(text: string): boolean {
  return JUST_EMOJI.test(text.trim())
}

/** Lines stay lines; those that begin with `>` are quotes. */
function parseLines(text: string): Block[] {
  const blocks: { kind: 'paragraph' | 'quote'; lines: string[] }[] = []
  for (const line of text.replace(/^\n|\n$/gu, '').split('\n')) {
    const kind = /^>\s?/u.test(line) ? 'quote' : 'paragraph'
    const last = blocks.at(-1)
    const words = kind === 'quote' ? line.replace(/^>\s?/u, '') : line
    if (last?.kind === kind) last.lines.push(words)
    else blocks.push({ kind, lines: [words] })
  }
  return blocks
    .map(({ kind, lines }) => ({ kind, text: withoutGaps(lines.join('\n')) }))
    .filter(({ text: words }) => words !== '')
    .map(({ kind, text: words }) => ({ kind, spans: parseSpans(words, 0) }))
}

/** One empty line parts as well as a hundred, which would push all that others said out of sight. */
function withoutGaps(text: string): string {
  return text.replace(GAP, '\n\n').replace(/^\n+|\n+$/gu, '')
}

function parseSpans(text: string, depth: number): Span[] {
  const spans: Span[] = []
  let from = 0
  for (const match of text.matchAll(SPAN)) {
    const span = spanOf(match, depth)
    if (span === undefined) continue
    if (match.index > from) spans.push({ kind: 'text', text: text.slice(from, match.index) })
    spans.push(span)
    from = match.index + (span.kind === 'link' ? span.text.length : match[0].length)
  }
  if (from < text.length) spans.push({ kind: 'text', text: text.slice(from) })
  return spans
}

function spanOf(match: RegExpMatchArray, depth: number): Span | undefined {
  const { code, strong, struck, emphasis, slanted, link } = match.groups ?? {}
  if (code !== undefined) return { kind: 'code', text: code }
  if (link !== undefined) return linkOf(link)
  const inner = strong ?? struck ?? emphasis ?? slanted
  if (inner === undefined || depth >= DEEPEST) return undefined
  const kind = strong !== undefined ? 'strong' : struck !== undefined ? 'struck' : 'emphasis'
  return { kind, spans: parseSpans(inner, depth + 1) }
}

/** What is read is where it leads: links have no other label than their address, and no mark turns it round. */
function linkOf(raw: string): Span | undefined {
  let text = raw.replace(/[.,:;!?'"*_~]+$/u, '')
  // The bracket around a link is not part of it, the one within is.
  while (text.endsWith(')') && !text.includes('(')) text = text.slice(0, -1)
  if (!URL.canParse(text)) return undefined
  return { kind: 'link', href: new URL(text).href, text }
}

const FENCE = /^```[^\n`]*\n([\s\S]*?)\n?```[^\S\n]*(?:\n|$)/gmu

const GAP = /\n(?:[^\S\n]*\n){2,}/gu

/** Each span ends in its line and within 500 characters, so that no text takes long to read. */
const SPAN =
  /`(?<code>[^`\n]{1,500})`|\*\*(?<strong>(?!\s)[^\n]{1,500}?(?<!\s))\*\*|~~(?<struck>(?!\s)[^\n]{1,500}?(?<!\s))~~|(?<![\w*])\*(?<emphasis>(?![\s*])[^*\n]{1,500}(?<!\s))\*(?![\w*])|(?<![\w_])_(?<slanted>(?![\s_])[^_\n]{1,500}(?<!\s))_(?![\w_])|\b(?<link>https?:\/\/[^\s<>"`\p{C}]{1,500})/gu

/** Emphasis within strong within struck; nobody needs more. */
const DEEPEST = 3

const JUST_EMOJI =
  /^(?:(?:\p{RI}{2}|[\d#*]\ufe0f\u20e3|\p{ExtPict}(?:\p{EMod}|\ufe0f|[\u{e0020}-\u{e007f}])*(?:\u200d\p{ExtPict}(?:\p{EMod}|\ufe0f)*)*)\s*){1,3}$/u

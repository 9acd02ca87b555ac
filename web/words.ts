// Facts of the mesh in words, for people. The words are those of docs/glossary.md.

/** How far a message travelled: round 0 is straight from its author. */
export function hopsInWords(round: number): string {
  if (round === 0) return 'direct'
  return round === 1 ? '1 hop' : `${round} hops`
}

/**
 * From the author's clock to ours, so never exact: two clocks disagree by some milliseconds at best, and
 * by anything at worst.
 */
export function delayInWords(delayMs: number): string {
  if (delayMs < -CLOCKS_AGREE_MS || delayMs > LONGEST_DELAY_MS) return 'clocks differ'
  if (delayMs < 1) return 'about 0 ms'
  if (delayMs < 1_000) return `about ${Math.round(delayMs)} ms`
  if (delayMs < 60_000) return `about ${(delayMs / 1_000).toFixed(1)} s`
  return `about ${Math.round(delayMs / 60_000)} min`
}

export function stateInWords(state: string): string {
  return state.charAt(0).toUpperCase() + state.slice(1)
}

export function neighborsInWords(count: number): string {
  return counted(count, 'neighbor')
}

export function counted(count: number, thing: string): string {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`
}

/** The same peer has the same colour on every screen. Degrees on the colour wheel. */
export function hueOf(peer: string): number {
  let hash = 0
  for (let i = 0; i < peer.length; i++) hash = (hash * 31 + peer.charCodeAt(i)) >>> 0
  return hash % 360
}

/** What stands in a peer's dot: the first letter, or the first emoji whole. */
export function initialOf(name = ''): string {
  const [first] = LETTERS.segment(name)
  return first?.segment.toLocaleUpperCase() ?? '·'
}

export function shortPeer(peer: string): string {
  return peer.slice(0, 8)
}

export function clock(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}

/** The day of a time, by this machine's clock and zone. */
export function dayInWords(timeMs: number, nowMs: number): string {
  const day = new Date(timeMs).toDateString()
  if (day === new Date(nowMs).toDateString()) return 'Today'
  if (day === new Date(nowMs - DAY_MS).toDateString()) return 'Yesterday'
  return new Date(timeMs).toLocaleDateString('en', {
    weekday: 'long',
    year: 'numeric',
    month: 'long',
    day: 'numeric',
  })
}

export function clockWithSeconds(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString([], { timeStyle: 'medium', hourCycle: 'h23' })
}

export function bytesInWords(bytes: number): string {
  return bytes < 1_024 ? counted(bytes, 'byte') : `${(bytes / 1_024).toFixed(1)} KiB`
}

/** A name for someone who did not choose one; `random` is in [0, 1). */
export function inventNick(random: () => number): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? words[0]
  return `${pick(QUALITIES)} ${pick(CREATURES)}`
}

/** The name of a room that nobody guesses by chance: two words and five letters or digits. */
export function inventRoom(random: () => number): string {
  const tail = Math.floor(random() * 36 ** 5)
    .toString(36)
    .padStart(5, '0')
  return `${inventNick(random).replace(' ', '-')}-${tail}`
}

/** Clocks set over the network are seldom further apart. Guess. */
const CLOCKS_AGREE_MS = 250

/** The mesh repairs a lost message within seconds; beyond this it is the clock that is wrong. Guess. */
const LONGEST_DELAY_MS = 10 * 60_000

const LETTERS = new Intl.Segmenter()

const DAY_MS = 24 * 60 * 60_000

const QUALITIES = [
  'quiet',
  'bright',
  'early',
  'gentle',
  'swift',
  'curious',
  'amber',
  'silver',
  'merry',
  'calm',
]
const CREATURES = [
  'heron',
  'otter',
  'wren',
  'lynx',
  'finch',
  'hare',
  'moth',
  'badger',
  'swallow',
  'spider',
]

// Several small messages that their author said in one task, as the payload of one: their number less one, the length of
// each in two bytes, highest first, and their contents. Here, and not in message.ts, since pages make and open them.

/** Messages in one bundle. What a byte holds. */
export const MOST_BUNDLED = 256

/** A whole bundle: as much as a usual piece of a file, which goes in one packet (wire/limits.ts). Guess. */
export const LARGEST_BUNDLE_BYTES = 16 << 10

/** What is larger is said alone: it gains nothing, and others would wait for it. Guess. */
export const LARGEST_BUNDLED_BYTES = 4 << 10

/** What stands before the contents of so many. */
export function bundleHeadBytes(count: number): number {
  return 1 + 2 * count
}

/** The head, in front of contents that begin at `at` and end at `ends`; gives where it begins. */
export function putBundleHead(into: Uint8Array, at: number, ends: readonly number[]): number {
  const start = at - bundleHeadBytes(ends.length)
  into[start] = ends.length - 1
  let before = at
  ends.forEach((end, i) => {
    into[start + 1 + 2 * i] = (end - before) >> 8
    into[start + 2 + 2 * i] = end - before
    before = end
  })
  return start
}

/** How many messages a bundle holds; 0 for bytes that are no bundle, or hold one that is larger than `largest`. */
export function countOf(bundle: Uint8Array, largest = LARGEST_BUNDLED_BYTES): number {
  const count = bundle[0]! + 1
  let end = bundleHeadBytes(count)
  if (!(count > 1) || bundle.length > LARGEST_BUNDLE_BYTES) return 0
  for (let i = 0; i < count; i++) {
    // Of a head that is cut off, 0; and then the end is beyond the bytes.
    const length = lengthAt(bundle, i)
    if (length > largest) return 0
    end += length
  }
  return end === bundle.length ? count : 0
}

/** Calls for the content of each, in its order; the bytes are a bundle. */
export function openBundle(
  bundle: Uint8Array,
  each: (content: Uint8Array, i: number) => void,
): void {
  const count = bundle[0]! + 1
  let start = bundleHeadBytes(count)
  for (let i = 0; i < count; i++) {
    const end = start + lengthAt(bundle, i)
    each(bundle.subarray(start, end), i)
    start = end
  }
}

function lengthAt(bundle: Uint8Array, i: number): number {
  return (bundle[1 + 2 * i]! << 8) | bundle[2 + 2 * i]!
}

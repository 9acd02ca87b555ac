import { bundleHeadBytes, putBundleHead } from './bundle.js'

/** What a page makes of these. */
export function bundleOf(...contents: readonly Uint8Array[]): Uint8Array {
  const at = bundleHeadBytes(contents.length)
  const ends: number[] = []
  let end = at
  for (const content of contents) ends.push((end += content.length))
  const bundle = new Uint8Array(end)
  contents.forEach((content, i) => {
    bundle.set(content, ends[i]! - content.length)
  })
  putBundleHead(bundle, at, ends)
  return bundle
}

/** So many messages of so many bytes each. */
export function someBundle(count: number, bytes = 3): Uint8Array {
  return bundleOf(...Array.from({ length: count }, (_, i) => new Uint8Array(bytes).fill(i)))
}

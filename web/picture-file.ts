// From a file that was pasted, dropped or chosen to a picture that fits into one message.

import { type Picture, pictureOf } from './payload.js'
import { firstAttempt, nextAttempt } from './picture.js'

export type Shrunk =
  | { ok: true; picture: Picture; width: number; height: number }
  | { ok: false; why: string }

/** The first picture among what came by the clipboard or a drop. */
export function pictureAmong(transfer: DataTransfer | null): File | undefined {
  return [...(transfer?.files ?? [])].find(({ type }) => type.startsWith('image/'))
}

/** Where files came and none of them is one. */
export const NO_PICTURE = 'Only pictures can be sent here.'

/** Encodes until it fits; `onTry` hears the number of each try. */
export async function shrink(
  file: File,
  limitBytes: number,
  onTry: (tries: number) => void,
): Promise<Shrunk> {
  if (file.size > LARGEST_FILE_BYTES) {
    return {
      ok: false,
      why: `This picture has ${inMegabytes(file.size)}; the page takes up to 30 MB.`,
    }
  }
  let bitmap: ImageBitmap | undefined
  try {
    bitmap = await createImageBitmap(file)
    return (await asItIs(file, bitmap, limitBytes)) ?? (await encoded(bitmap, limitBytes, onTry))
  } catch {
    // No picture, or a file that was moved, or taken back, since it was chosen.
    return { ok: false, why: `This browser can't read ${file.name || 'that'} as a picture.` }
  } finally {
    bitmap?.close()
  }
}

/** A file that fits is sent as it is: it may move, or be sharper than what a canvas makes of it. */
async function asItIs(
  file: File,
  { width, height }: ImageBitmap,
  limitBytes: number,
): Promise<Shrunk | undefined> {
  // Photos may say where they were taken; through the canvas they forget it.
  if (file.size > limitBytes || file.type === 'image/jpeg') return undefined
  const picture = pictureOf(new Uint8Array(await file.arrayBuffer()), '')
  return picture && { ok: true, picture, width, height }
}

async function encoded(
  bitmap: ImageBitmap,
  limitBytes: number,
  onTry: (tries: number) => void,
): Promise<Shrunk> {
  const canvas = document.createElement('canvas')
  let attempt: ReturnType<typeof nextAttempt> = firstAttempt(bitmap.width, bitmap.height)
  for (let tries = 1; attempt !== undefined; tries++) {
    onTry(tries)
    const { width, height, quality } = attempt
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d')
    if (context === null) break
    context.imageSmoothingQuality = 'high'
    context.drawImage(bitmap, 0, 0, width, height)
    const blob = await toBlob(canvas, quality)
    if (blob === null) break
    if (blob.size <= limitBytes) {
      const picture = pictureOf(new Uint8Array(await blob.arrayBuffer()), '')
      if (picture !== undefined) return { ok: true, picture, width, height }
    }
    attempt = nextAttempt(attempt, blob.size, limitBytes)
  }
  const limit = limitBytes.toLocaleString('en')
  return {
    ok: false,
    why: `Even at its smallest this picture does not fit into the ${limit} bytes left in a message.`,
  }
}

/** Where a browser has no WebP encoder it makes PNG instead; JPEG is smaller. */
async function toBlob(canvas: HTMLCanvasElement, quality: number): Promise<Blob | null> {
  const as = (type: string) =>
    new Promise<Blob | null>(fulfil => canvas.toBlob(fulfil, type, quality))
  const webp = await as('image/webp')
  return webp?.type === 'image/webp' ? webp : as('image/jpeg')
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** Decoding takes four bytes for each pixel. Guess. */
const LARGEST_FILE_BYTES = 30e6

// How a picture is made to fit into a message: first it loses quality, then size. Decides only; the canvas is in
// picture-file.ts.

/** One encoding to try. Edges in pixels; quality as `canvas.toBlob` takes it, 0 to 1. */
export interface Attempt {
  width: number
  height: number
  quality: number
}

/** The first attempt: as large as it is, within what a chat shows. */
export function firstAttempt(width: number, height: number): Attempt {
  return { ...scaled(width, height, LARGEST_EDGE_PX), quality: BEST_QUALITY }
}

/** The next after one that was too big by that much, or undefined where what is left would be no picture. */
export function nextAttempt(last: Attempt, bytes: number, limitBytes: number): Attempt | undefined {
  const over = bytes / limitBytes
  if (last.quality > LEAST_QUALITY) {
    // Far over the limit quality alone does not help.
    const quality = over > 3 ? LEAST_QUALITY : Math.max(LEAST_QUALITY, last.quality - QUALITY_STEP)
    return { ...last, quality }
  }
  const edge = Math.max(last.width, last.height)
  if (edge <= SMALLEST_EDGE_PX) return undefined
  // Bytes go with the area, a little slower.
  const shrunk = Math.floor(edge * Math.min(0.9, Math.sqrt(1 / over) * 1.05))
  return {
    ...scaled(last.width, last.height, Math.max(SMALLEST_EDGE_PX, shrunk)),
    quality: LEAST_QUALITY,
  }
}

function scaled(width: number, height: number, edge: number): { width: number; height: number } {
  const by = Math.min(1, edge / Math.max(width, height))
  return {
    width: Math.max(1, Math.round(width * by)),
    height: Math.max(1, Math.round(height * by)),
  }
}

/** What the talk shows without scaling up on most screens. Guess. */
const LARGEST_EDGE_PX = 640
/** Below this nobody knows what it shows. Guess. */
const SMALLEST_EDGE_PX = 48
/** As looked at: WebP is hardly told from the original above, and falls to pieces below. Guess. */
const BEST_QUALITY = 0.8
const LEAST_QUALITY = 0.3
const QUALITY_STEP = 0.25

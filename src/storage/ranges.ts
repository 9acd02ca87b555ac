// Runs of sequence numbers, both ends included.

export type Range = readonly [first: number, last: number]

/**
 * One sorted list without overlaps; runs that touch become one. Above `max` runs the lowest go: what is
 * forgotten may be delivered again after a reload, what is invented would never be delivered at all.
 */
export function mergeRanges(
  a: readonly Range[],
  b: readonly Range[],
  max: number,
): { ranges: Range[]; cut: number } {
  const sorted = [...a, ...b].sort((x, y) => x[0] - y[0])
  const ranges: [number, number][] = []
  for (const [first, last] of sorted) {
    const run = ranges.at(-1)
    if (run !== undefined && first <= run[1] + 1) run[1] = Math.max(run[1], last)
    else ranges.push([first, last])
  }
  const cut = Math.max(0, ranges.length - max)
  return { ranges: ranges.slice(cut), cut }
}

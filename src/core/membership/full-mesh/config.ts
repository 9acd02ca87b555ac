/** The full mesh's numbers, whole ones. */
export interface FullMeshConfig {
  /** Between two GOSPs to each neighbor, milliseconds, 100 to 3,600,000: the seed's `--period`. Default 5,000. */
  periodMs: number
  /** Neighbors at most, 1 to 63; whoever comes then is told that the room is full. Default 11: a room of twelve. */
  linkCapacity: number
  /** From an INIT or CONN to its repetition, milliseconds, 10 to 600,000; doubles with each. Default 1,000. */
  answerTimeoutMs: number
  /** From an agreement to a usable link, milliseconds, 100 to 600,000. Default 15,000. */
  dialTimeoutMs: number
  /** The longest pause between two tries, milliseconds, 1 to 3,600,000. Default 30,000. */
  largestBackoffMs: number
}

export const FULL_MESH_DEFAULTS: FullMeshConfig = {
  /** Seed's example: `--period 5`. */
  periodMs: 5_000,
  /** A room of twelve, the hard limit of the reference: 66 links, and 132 GOSPs a period. */
  linkCapacity: 11,
  /** Reference §2.2: INIT retried after 1, 2, 4 s. */
  answerTimeoutMs: 1_000,
  /** As HyParView's (hyparview/config.ts). */
  dialTimeoutMs: 15_000,
  /** As HyParView's. */
  largestBackoffMs: 30_000,
}

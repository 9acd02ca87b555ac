/** The full mesh's numbers. */
export interface FullMeshConfig {
  /** Between two GOSPs to each neighbor: the seed's `--period`, in milliseconds. More than 0. */
  periodMs: number
  /** Neighbors at most; whoever comes then is told that the room is full. */
  linkCapacity: number
  /** From an INIT or CONN to its repetition; doubles with each. */
  answerTimeoutMs: number
  /** From an agreement to a usable link. */
  dialTimeoutMs: number
  /** The longest pause between two tries. */
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

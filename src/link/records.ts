// A packet is a row of records: one varint, length × 16 + kind, and that many bytes. The kind's low two
// bits say whose the record is (a class of frames, or the link itself), the high two which part.
import type { Reader } from '../codec/reader.js'
import type { FrameClass } from '../core/io.js'

/** Which part of a frame a record holds. */
export type Part = 'whole' | 'first' | 'middle' | 'last'

/** Kind and length of the record that follows in the packet. */
export interface RecordHead {
  kind: number
  length: number
}

export const PING = 3
export const PONG = 7

export function frameKind(frameClass: FrameClass, part: Part): number {
  return PARTS.indexOf(part) * 4 + CLASSES.indexOf(frameClass)
}

/** Undefined for records that are the link's own. */
export function classOf(kind: number): FrameClass | undefined {
  return CLASSES[kind & 3]
}

export function partOf(kind: number): Part {
  return PARTS[kind >> 2]!
}

/** Bytes of a record's head. */
export function headLength(length: number): number {
  return length < 8 ? 1 : length < 1024 ? 2 : 3
}

/** Writes a head and gives the place after it. */
export function putHead(packet: Uint8Array, at: number, kind: number, length: number): number {
  let value = length * 16 + kind
  while (value >= 128) {
    packet[at++] = (value & 127) | 128
    value >>>= 7
  }
  packet[at++] = value
  return at
}

export function readHead(reader: Reader): RecordHead {
  const value = reader.varint()
  return { kind: value % 16, length: Math.floor(value / 16) }
}

/** Classes in the order in which they are served. */
export const CLASSES: readonly FrameClass[] = ['control', 'live', 'history']
const PARTS: readonly Part[] = ['whole', 'first', 'middle', 'last']

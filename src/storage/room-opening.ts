import type { HistoryIndex, LaneRecord } from '../core/history/records.js'
import { firstOf, type TopicId } from '../core/ids.js'
import type { Message } from '../core/message.js'
import { messageHash } from '../core/message-hash.js'
import type { RoomTransaction } from './database.js'
import { messageIn, type Pack, parseLane, parseRoom, unpack } from './op-records.js'
import type { OpenTopic } from './op-store.js'
import { Room } from './room.js'
import { lastSeq } from './seq-rows.js'
import { StorageError } from './store.js'

interface Opened {
  room: Room
  index: HistoryIndex
  /** Records that could not be read; removed. */
  damaged: number
}

/** Reads what is kept of a topic: its lanes and sums, and of its ops only those that wait. */
export async function openRoom(
  tx: RoomTransaction,
  topic: TopicId,
  options: OpenTopic,
): Promise<Opened> {
  const room = new Room(topic, options)
  const { r } = room
  let damaged = 0
  const [lowest, highest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]

  const lanes = tx.objectStore('lanes')
  const ofRoom = IDBKeyRange.bound([r, lowest], [r, highest])
  const keys = await lanes.getAllKeys(ofRoom)
  for (const [i, value] of (await lanes.getAll(ofRoom)).entries()) {
    let lane = parseLane(value)
    if (lane === undefined) {
      damaged++
      const [, l] = keys[i]!
      lane = await laneOf(tx, room, l)
      if (lane === undefined) {
        await lanes.delete([r, l])
        continue
      }
      await lanes.put(room.laneRow(lane))
    }
    room.know(lane.author)
    room.lanes.set(lane.author, lane)
  }

  const waiting: Message[] = []
  const ops = tx.objectStore('ops')
  for (const row of await ops.getAll(IDBKeyRange.bound([r, lowest], [r, 0]))) {
    const [op] = unpack(row) ?? []
    const message = op && messageIn(op)
    if (message === undefined) {
      damaged++
      await ops.delete([r, (row as Pack).p])
    } else {
      room.know(message.author)
      room.added(op!)
      waiting.push(message)
    }
  }

  const stored = await tx.objectStore('rooms').get(topic)
  const sums = stored === undefined ? undefined : parseRoom(stored)
  if (sums !== undefined) {
    room.ops = sums.ops
    room.bytes = sums.bytes
    room.packs = sums.packs
    room.position = sums.position
    room.heads = sums.heads
  } else if (room.lanes.size > 0) {
    damaged++
    await count(tx, room)
    // More than there were, which costs bytes and no truth.
    room.heads = [...room.lanes.values()].map(({ author, height }) => ({ author, seq: height }))
    await tx.objectStore('rooms').put(room.row)
  }

  const index: HistoryIndex = {
    lanes: [...room.lanes.values()],
    heads: room.heads,
    waiting,
    position: room.position,
    nextSeq: await nextSeq(tx, room),
  }
  return { room, index, damaged }
}

async function nextSeq(tx: RoomTransaction, room: Room): Promise<number> {
  const { topic, options, lanes } = room
  const height = lanes.get(options.self)?.height
  const last = await lastSeq(tx, topic)
  room.lastSeq = last
  if (last !== 'corrupt') return Math.max(last, height ?? 0) + 1
  // All our messages of a topic with a history are ops of our lane.
  if (height !== undefined) return (room.lastSeq = height) + 1
  throw new StorageError('corrupt', `the last sequence number of topic ${topic} is unreadable`)
}

/** A lane as its ops tell it; undefined where there are none. Whether it was frozen is lost. */
async function laneOf(tx: RoomTransaction, room: Room, l: number): Promise<LaneRecord | undefined> {
  const range = IDBKeyRange.bound([room.r, l, 0], [room.r, l, Number.MAX_SAFE_INTEGER])
  let cursor = await tx.objectStore('ops').index('lane').openCursor(range)
  let lane: LaneRecord | undefined
  for (; cursor !== null; cursor = await cursor.continue()) {
    for (const op of unpack(cursor.value) ?? []) {
      const message = op.l === l ? messageIn(op) : undefined
      if (message === undefined) continue
      const { author, seq } = message
      const hash = messageHash(room.topic, message)
      const first = firstOf(message)
      const isNext = lane !== undefined && first === lane.height + 1
      const { oldest, oldestHash } = isNext ? lane! : { oldest: first, oldestHash: hash }
      lane = { author, height: seq, tip: hash, oldest, oldestHash, frozen: false }
    }
  }
  return lane
}

async function count(tx: RoomTransaction, room: Room): Promise<void> {
  const lowest = [room.r, Number.NEGATIVE_INFINITY]
  const range = IDBKeyRange.bound(lowest, [room.r, Number.POSITIVE_INFINITY])
  let cursor = await tx.objectStore('ops').openCursor(range)
  room.ops = room.bytes = 0
  for (; cursor !== null; cursor = await cursor.continue()) {
    room.packs++
    for (const op of unpack(cursor.value) ?? []) room.added(op)
  }
}

import type { TopicId } from '../core/ids.js'
import type { RoomTransaction } from './database.js'
import { isCount, parseLast, type SeqRecord } from './records.js'
import { type StoreCounters, TOPICS_WITH_SEQS } from './store.js'

/** The last number of a topic ever given out; `corrupt` where no one knows any more. */
export async function lastSeq(tx: RoomTransaction, topic: TopicId): Promise<number | 'corrupt'> {
  const value = await tx.objectStore('seqs').get(topic)
  if (value !== undefined) return parseLast(value) ?? 'corrupt'
  const floor = (await tx.objectStore('own').get('seq-floor')) ?? 0
  return isCount(floor) ? floor : 'corrupt'
}

/** Numbers up to `last` are used. The topic with the lowest gives way where there are too many. */
export async function keepSeq(
  tx: RoomTransaction,
  topic: TopicId,
  last: number,
  counters: StoreCounters,
): Promise<void> {
  const seqs = tx.objectStore('seqs')
  const isNew = (await seqs.getKey(topic)) === undefined
  if (isNew && (await seqs.count()) >= TOPICS_WITH_SEQS) {
    const floor = (await tx.objectStore('own').get('seq-floor')) ?? 0
    // New topics begin above the floor, so a forgotten one that comes back repeats nothing.
    // No index for so rare a question: it would be written with each number of ours.
    const keys = await seqs.getAllKeys()
    const numbers = (await seqs.getAll()).map(parseLast)
    const lowest = Math.min(...numbers.map(last => last ?? Infinity))
    if (lowest < Infinity && isCount(floor)) {
      await tx.objectStore('own').put(Math.max(floor, lowest), 'seq-floor')
      await seqs.delete(keys[numbers.indexOf(lowest)]!)
      counters.seqTopicsForgotten++
    }
  }
  const record: SeqRecord = { topic, last }
  await seqs.put(record)
}

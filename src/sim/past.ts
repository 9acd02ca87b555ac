// A history that was: ops as authors would have said them, each heard by the others now and then.
import { OpLog } from '../core/history/log.js'
import { opHash, opOf, shortHash, withParents } from '../core/history/op.js'
import { EMPTY_INDEX } from '../core/history/records.js'
import { type Millis, type PeerId, peerIdFromBytes, type TopicId } from '../core/ids.js'
import type { Message } from '../core/message.js'
import type { Random } from '../core/random.js'
import { OpShelf } from './op-shelf.js'

export interface PastOptions {
  topic: TopicId
  authors: readonly PeerId[]
  payloadBytes: number
  /** When the first was said; one a second follows. */
  since: Millis
  random: Random
}

/** What authors say one after the other, each on its own last word and on the last heard of another. */
export class Past {
  readonly messages: Message[] = []
  readonly #options: PastOptions
  readonly #tips = new Map<PeerId, { seq: number; hash: Uint8Array }>()

  constructor(options: PastOptions) {
    this.#options = options
  }

  /** Of `authors`, who know only one another's words; all, unless told. */
  say(count: number, authors: readonly PeerId[] = this.#options.authors): Message[] {
    const said: Message[] = []
    const { topic, payloadBytes, random, since } = this.#options
    for (let i = 0; i < count; i++) {
      const author = random.pick(authors)!
      const mother = this.#tips.get(author)
      const father = random.pick(authors)!
      const heard = father === author ? undefined : this.#tips.get(father)
      const others = heard && [{ author: father, seq: heard.seq, hash: shortHash(heard.hash) }]
      const draft = {
        author,
        seq: (mother?.seq ?? 0) + 1,
        time: since + (this.messages.length + i) * 1000,
        payload: random.bytes(payloadBytes),
        extensions: withParents({ mother: mother?.hash, others: others ?? [] }),
      }
      const message = { ...draft, signature: SIGNATURE }
      this.#tips.set(author, { seq: draft.seq, hash: opHash(topic, message) })
      said.push(message)
    }
    this.messages.push(...said)
    return said
  }
}

/** A shelf as it would be had this peer heard these, in this order. */
export function shelfOf(topic: TopicId, self: PeerId, messages: readonly Message[]): OpShelf {
  const shelf = new OpShelf()
  const log = new OpLog(self, EMPTY_INDEX)
  for (const message of messages) log.take(opOf(topic, message)!)
  const { records, lanes } = log.takeChanges() ?? { records: [], lanes: [] }
  shelf.store(records, lanes, log.heads)
  return shelf
}

export function strangers(count: number, random: Random): PeerId[] {
  return Array.from({ length: count }, () => peerIdFromBytes(random.bytes(32)))
}

const SIGNATURE = new Uint8Array(64)

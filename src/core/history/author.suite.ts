import { someBundle } from '../bundle.suite.js'
import { type PeerId, peerIdFromBytes, topicIdFromBytes } from '../ids.js'
import type { Draft, Message } from '../message.js'
import { Random } from '../random.js'
import { opHash, shortHash, withParents } from './op.js'

/** Writes ops by hand: right ones, and such as no honest author would. */
export class Author {
  readonly id: PeerId
  readonly said: Message[] = []

  constructor(random: Random) {
    this.id = peerIdFromBytes(random.bytes(32))
  }

  /** Who has said the same, and may go on otherwise. */
  copy(): Author {
    const copy = new Author(new Random(0))
    return Object.assign(copy, { id: this.id, said: [...this.said] })
  }

  /** The next op, on its own last and on those of others. */
  say(others: readonly Message[] = [], payload = new Uint8Array([this.said.length])): Message {
    const mother = this.said.at(-1)
    const seq = (mother?.seq ?? 0) + 1
    const message = this.craft({ seq, mother: mother && hashOf(mother), others, payload })
    this.said.push(message)
    return message
  }

  /** So many as one op. */
  sayBundle(count: number): Message {
    const mother = this.said.at(-1)
    const seq = (mother?.seq ?? 0) + count
    const message = this.craft({ seq, mother: mother && hashOf(mother), count })
    this.said.push(message)
    return message
  }

  craft(op: {
    seq: number
    count?: number
    mother?: Uint8Array | undefined
    others?: readonly Message[]
    payload?: Uint8Array
  }): Message {
    const { seq, count, mother, others = [] } = op
    const { payload = count === undefined ? new Uint8Array([seq]) : someBundle(count) } = op
    const refs = others.map(other => ({
      author: other.author,
      seq: other.seq,
      hash: shortHash(hashOf(other)),
    }))
    const extensions = withParents({ mother, others: refs })
    const draft = { author: this.id, seq, time: 1_700_000_000_000, payload, extensions }
    return signed(count === undefined ? draft : { ...draft, count })
  }
}

export function hashOf(message: Message): Uint8Array {
  return opHash(TOPIC, message)
}

/** With as many bytes as a signature has; the door has checked it. */
export function signed(draft: Draft): Message {
  return { ...draft, signature: SIGNATURE }
}

const SIGNATURE = new Uint8Array(64)

export const TOPIC = topicIdFromBytes(new Uint8Array(32).fill(7))

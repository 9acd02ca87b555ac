import { expect, it } from 'vitest'
import { Writer } from '../../codec/writer.js'
import { CHAT, LoneNode, peerOf } from '../hostile.suite.js'
import type { PeerId } from '../ids.js'
import type { NodeInput, NodeOutput, TopicMessage } from '../io.js'
import type { Message } from '../message.js'
import { Random } from '../random.js'
import { Author } from './author.suite.js'
import { historyMessage } from './messages.js'
import { opHash, shortHash, withParents } from './op.js'
import { OpShelf } from './op-shelf.suite.js'
import { MOST_WAITING_OPS } from './records.js'
import { type Mark, wavefrontMessage } from './wavefront/messages.js'

const SEED = Number(process.env['SEED'] ?? 1)
const STEPS = 8_000

it(`whatever ${STEPS} things neighbors say of history, a node never throws, says nothing the wire refuses, delivers nothing twice, and stays small (SEED=${SEED})`, () => {
  const any = new Anything(new Random(SEED))
  const { lone } = any
  lone.subscribe(CHAT, { history: 'wavefront' })
  const seen = new Set<string>()
  for (let step = 0; step < STEPS; step++) {
    lone.now += any.random.below(30) ** 2
    try {
      for (const output of any.step()) {
        check(output)
        any.perform(output)
        if (output.type === 'emit' && output.event.type === 'received') {
          const { id } = output.event
          expect(seen.has(id), id).toBe(false)
          seen.add(id)
        }
      }
    } catch (cause) {
      throw new Error(`SEED=${SEED}, step ${step}`, { cause })
    }
    lone.outputs.length = 0
  }
  const { history } = lone.node.snapshot(lone.now).topics[0]!
  expect(history!.exchanges.length).toBeLessThanOrEqual(2 * 5)
  expect(history!.waiting).toBeLessThanOrEqual(MOST_WAITING_OPS)
  // Where nothing was ever kept, and no exchange went well, little was tried.
  expect(any.shelf.size).toBeGreaterThan(50)
  expect(any.exchanges).toBeGreaterThan(50)
}, 60_000)

function check(output: NodeOutput): void {
  if (output.type !== 'send') return
  const { message } = output
  const w = new Writer(256)
  if (historyMessage.tags.has(message.type)) historyMessage.write(w, message as never)
  if (wavefrontMessage.tags.has(message.type)) wavefrontMessage.write(w, message as never)
}

class Anything {
  readonly lone = new LoneNode()
  readonly shelf = new OpShelf()
  readonly authors: Author[]
  /** Ids of exchanges that were spoken of. */
  readonly ids: number[] = [1]
  exchanges = 0
  #answers: NodeInput[] = []

  constructor(readonly random: Random) {
    this.authors = Array.from({ length: 6 }, () => new Author(random))
  }

  step(): NodeOutput[] {
    const { lone, random } = this
    const from = peerOf(random.below(6))
    switch (random.below(12)) {
      case 0:
        return [
          ...lone.linkUp(from),
          ...lone.greet(from, CHAT, { history: 'wavefront' }),
          ...lone.hear(from, ASK),
        ]
      case 1:
        return lone.input({ type: 'link-down', peer: from, epoch: 1, reason: 'closed' })
      case 2:
        return lone.input({ type: 'wake' })
      case 3:
        return this.broadcast()
      case 4:
      case 5:
      case 6: {
        const answer = this.#answers.shift()
        return answer === undefined ? [] : lone.input(answer)
      }
      case 7: {
        const message = this.op()
        const input = { from, epoch: 1, topic: CHAT, round: 1 } as const
        return lone.node.knows(CHAT, message)
          ? lone.input({ type: 'duplicate', ...input, id: message })
          : lone.input({ type: 'message', ...input, message })
      }
      default:
        return lone.hear(from, this.word(from))
    }
  }

  perform(output: NodeOutput): void {
    const { random, shelf } = this
    switch (output.type) {
      case 'seal': {
        const { ref, draft } = output
        const message = { ...draft, signature: new Uint8Array(64) }
        this.#answers.push({ type: 'sealed', topic: CHAT, ref, message })
        return
      }
      case 'store-ops': {
        const { ref, ops, lanes, heads } = output
        shelf.store(ops, lanes, heads)
        this.#answers.push({ type: 'ops-stored', topic: CHAT, ref, ok: true })
        return
      }
      case 'load-ops': {
        const { ref, wants, maxOps, maxBytes } = output
        const ops = random.below(20) === 0 ? undefined : shelf.load(wants, maxOps, maxBytes)
        this.#answers.push({ type: 'ops-loaded', topic: CHAT, ref, ops })
        return
      }
      case 'send':
        if (!('exchange' in output.message)) return
        this.ids.push(output.message.exchange)
        if (this.ids.length > 20) this.ids.shift()
        if (output.message.type === 'second-wave') this.exchanges++
        if (random.below(4) > 0) this.#answer(output.to, output.message)
    }
  }

  /** As the rules say; else no exchange would ever come to its end. */
  #answer(from: PeerId, { type, exchange }: { type: string; exchange: number }): void {
    const { random } = this
    const input = { type: 'frame', from, epoch: 1, topic: CHAT } as const
    const author = random.pick(this.authors)!
    const ops = random.below(2) === 0 ? [this.say(author, [])] : []
    const [tides, roots, left] = [[], [], 0]
    if (type === 'sharp') {
      const message = { type: 'coherent', exchange, roots } as const
      this.#answers.unshift({ ...input, message })
    } else if (type === 'tidal-wave') {
      const message = { type: 'first-wave', exchange, tides, roots, ops, left } as const
      this.#answers.unshift({ ...input, message })
    } else if (type === 'first-wave') {
      const message = { type: 'second-wave', exchange, roots, ops, left } as const
      this.#answers.unshift({ ...input, message })
    }
  }

  broadcast(): NodeOutput[] {
    if (this.random.below(4) > 0) return []
    const payload = this.random.bytes(this.random.below(50))
    return this.lone.input({ type: 'broadcast', topic: CHAT, ref: 1, payload })
  }

  op(): Message {
    const { random } = this
    const author = random.pick(this.authors)!
    const others = random
      .sample(this.authors, random.below(4))
      .flatMap(({ said }) => random.pick(said) ?? [])
    switch (random.below(12)) {
      case 0:
        return author.craft({ seq: this.number(), mother: random.bytes(32) })
      case 1:
        return author.craft({ seq: 1 + random.below(author.said.length + 2), others })
      case 2: {
        const mother = author.said.at(-1)
        return author.craft({
          seq: (mother?.seq ?? 0) + 1,
          mother: mother && opHash(CHAT, mother),
          payload: random.bytes(3),
        })
      }
      case 3:
        return { ...author.craft({ seq: 1 }), extensions: random.bytes(random.below(60)) }
      case 4:
      case 5:
      case 6:
        return random.pick(author.said) ?? this.say(author, others)
      default:
        return this.say(author, others)
    }
  }

  /** A right one; the hashes are those of this topic. */
  say(author: Author, others: readonly Message[]): Message {
    const mother = author.said.at(-1)
    const refs = others
      .filter(other => other.author !== author.id)
      .map(other => ({ ...other, hash: shortHash(opHash(CHAT, other)) }))
    const distinct = refs.filter((one, i) => refs.findIndex(x => x.author === one.author) === i)
    const extensions = withParents({ mother: mother && opHash(CHAT, mother), others: distinct })
    const message = { ...author.craft({ seq: (mother?.seq ?? 0) + 1 }), extensions }
    author.said.push(message)
    return message
  }

  number(): number {
    const { random } = this
    return random.pick([0, 1, 2, 3, random.below(30), random.u32(), Number.MAX_SAFE_INTEGER])!
  }

  marks(): Mark[] {
    const { random } = this
    const mark = () => {
      const author = random.pick(this.authors)!
      const said = random.pick(author.said)
      return said !== undefined && random.below(3) > 0
        ? { author: author.id, seq: said.seq, hash: shortHash(opHash(CHAT, said)) }
        : { author: author.id, seq: this.number(), hash: random.bytes(4) }
    }
    const marks = Array.from({ length: random.below(5) }, mark)
    if (random.below(8) === 0) return marks
    return marks.filter((one, i) => marks.findIndex(x => x.author === one.author) === i)
  }

  word(from: PeerId): TopicMessage {
    const { random } = this
    const exchange = random.below(4) > 0 ? random.pick(this.ids)! : random.u32()
    const ops = Array.from({ length: random.below(6) }, () => this.op()).sort(
      (x, y) => x.seq - y.seq,
    )
    const left = random.pick([0, 0, 5, Number.MAX_SAFE_INTEGER])!
    const [tides, roots] = [this.marks(), random.below(3) === 0 ? this.marks() : []]
    const codes = ['violation', 'not-ready', 'busy', 'timeout'] as const
    const ready = random.below(3) > 0
    expect(from).toBeDefined()
    return random.pick<TopicMessage>([
      { type: 'frontier', digest: random.bytes(8), ready },
      { type: 'frontier', digest: random.bytes(8), ready: true },
      { type: 'exchange-error', exchange, code: random.pick(codes)! },
      { type: 'sharp', exchange, tides },
      { type: 'coherent', exchange, roots: tides },
      { type: 'ripple', exchange, ops, left },
      { type: 'tidal-wave', exchange: random.u32(), tides },
      { type: 'first-wave', exchange, tides: [], roots, ops, left },
      { type: 'first-wave', exchange, tides, roots, ops, left },
      { type: 'second-wave', exchange, roots, ops, left },
    ])!
  }
}
const ASK: TopicMessage = {
  type: 'neighbor-request',
  requestId: 1,
  priority: 'high',
  record: undefined,
}

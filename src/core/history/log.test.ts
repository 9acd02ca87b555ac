import { describe, expect, it } from 'vitest'
import { type MessageId, peerIdFromBytes } from '../ids.js'
import type { Message } from '../message.js'
import { Random } from '../random.js'
import { Author, hashOf, signed, TOPIC } from './author.suite.js'
import { OpLog } from './log.js'
import { MOST_PARENTS, opHash, opOf, type Parents, withParents } from './op.js'
import { OpShelf } from './op-shelf.suite.js'
import { EMPTY_INDEX, MOST_LANES, MOST_WAITING_OPS } from './records.js'

const SELF = peerIdFromBytes(new Uint8Array(32).fill(1))

describe('a log of ops', () => {
  it('keeps an op once all it builds on is kept, in whatever order they come', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { log, all, random } = room(seed)
      for (const message of random.sample(all, all.length)) take(log, message)
      const { kept, waiting } = log.takeChanges()!
      expect(log.waiting.size).toBe(0)
      expect(kept).toHaveLength(all.length)
      expect(kept.filter(({ waited }) => waited)).toHaveLength(waiting.length)
      // A topological order, and the positions say so.
      const done = new Set<string>()
      for (const { op } of kept) {
        const { author, seq } = op.message
        const parents: MessageId[] = [...op.parents.others]
        if (seq > 1) parents.push({ author, seq: seq - 1 })
        for (const parent of parents) expect(done).toContain(`${parent.author}:${parent.seq}`)
        done.add(`${author}:${seq}`)
      }
    }
  })

  it('two that keep the same have the same digest and the same heads, whatever the order', () => {
    const { all, random } = room(3)
    const logs = [0, 1, 2].map(() => {
      const log = new OpLog(SELF, EMPTY_INDEX)
      for (const message of random.sample(all, all.length)) take(log, message)
      return log
    })
    const [one, ...others] = logs as [OpLog, ...OpLog[]]
    for (const other of others) {
      expect(other.digest).toEqual(one.digest)
      expect(new Set(other.heads.map(String))).toEqual(new Set(one.heads.map(String)))
    }
    expect(one.digest).not.toEqual(new OpLog(SELF, EMPTY_INDEX).digest)
  })

  it('knows again after a reload what it kept and what waited', () => {
    const { log, all } = room(4)
    const shelf = new OpShelf()
    for (const message of all.slice(0, 20)) take(log, message)
    take(log, all.at(-1)!)
    const { records, lanes } = log.takeChanges()!
    shelf.store(records, lanes, log.heads)
    const again = new OpLog(SELF, shelf.index(SELF))
    for (const message of shelf.index(SELF).waiting) again.recall(opOf(TOPIC, message)!)
    expect(again.digest).toEqual(log.digest)
    expect(again.heads).toEqual(log.heads)
    expect(again.size).toBe(log.size)
    for (const message of all) expect(again.has(message)).toBe(log.has(message))
    for (const message of all) take(again, message)
    expect(again.size).toBe(all.length)
  })

  it('never gives a position twice', () => {
    const { log, all } = room(5)
    const positions = new Set<number>()
    for (const message of all) {
      take(log, message)
      for (const { position } of log.takeChanges()!.records) {
        if (position > 0) expect(positions.has(position)).toBe(false)
        positions.add(position)
      }
    }
    expect(Math.max(...positions)).toBe(all.length)
  })

  it('one more waiting op than there is room for makes the oldest go, which is not new again when it comes again', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const author = new Author(new Random(6))
    for (let i = 0; i < MOST_WAITING_OPS + 3; i++) author.say()
    for (const message of author.said.slice(1)) take(log, message)
    expect(log.waiting.size).toBe(MOST_WAITING_OPS)
    log.takeChanges()
    expect(take(log, author.said[1]!)).toBe('known')
    take(log, author.said[0]!)
    take(log, author.said[1]!)
    take(log, author.said[2]!)
    const { kept, waiting } = log.takeChanges()!
    expect(waiting).toEqual([])
    expect(kept.filter(({ waited }) => !waited).map(({ op }) => op.message.seq)).toEqual([1])
    expect(log.size).toBe(author.said.length)
  })

  it('has a lane for so many authors and no more', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const random = new Random(7)
    for (let i = 0; i < MOST_LANES; i++) take(log, new Author(random).say())
    expect(take(log, new Author(random).say())).toBe('refused')
    expect(log.lanes.size).toBe(MOST_LANES)
  })

  it('retention moves the beginning of a lane and not its height', () => {
    const { log, all } = room(8)
    for (const message of all) take(log, message)
    const before = log.digest
    const { author, height } = [...log.lanes.values()][0]!
    const { size } = log
    log.trim([{ author, oldest: 3, oldestHash: new Uint8Array(32) }])
    expect(log.lanes.get(author)).toMatchObject({ oldest: 3, height })
    log.trim([{ author, oldest: height + 1, oldestHash: new Uint8Array(32) }])
    expect(log.lanes.get(author)!.oldest).toBe(3)
    expect(log.size).toBe(size - 2)
    expect(log.digest).toEqual(before)
    expect(log.has({ author, seq: 1 })).toBe(true)
  })
})

describe('a lane', () => {
  it('goes on after a gap where a root says so, and begins anew there', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const author = new Author(new Random(3))
    for (let i = 0; i < 9; i++) author.say()
    for (const message of author.said.slice(0, 2)) take(log, message)
    const root = { seq: 6, hash: hashOf(author.said[5]!).slice(0, 4) }
    const roots = { get: () => root }
    expect(log.take(opOf(TOPIC, author.said[4]!)!, roots, true)).toBe('waiting')
    expect(log.take(opOf(TOPIC, author.said[5]!)!, roots, true)).toBe('kept')
    expect(log.lanes.get(author.id)).toMatchObject({ oldest: 6, height: 6 })
    expect(log.size).toBe(1)
    expect(log.takeChanges()!.gaps).toEqual([{ author: author.id, first: 3, last: 5 }])
  })

  it('has a bundle as one op with the numbers of all its messages, also after a reload', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const author = new Author(new Random(5))
    const said = [author.sayBundle(20), author.say(), author.sayBundle(256), author.say()]
    for (const message of [3, 1, 2, 0].map(i => said[i]!)) take(log, message)
    expect(said.map(({ seq }) => seq)).toEqual([20, 21, 277, 278])
    expect(log.lanes.get(author.id)).toMatchObject({ oldest: 1, height: 278 })
    expect([log.size, log.waiting.size]).toEqual([278, 0])
    for (const message of said) expect(take(log, message)).toBe('known')
    const { records, lanes, kept, gaps } = log.takeChanges()!
    expect([kept.length, gaps]).toEqual([4, []])
    const shelf = new OpShelf()
    shelf.store(records, lanes, log.heads)
    expect(new OpLog(SELF, shelf.index(SELF)).size).toBe(278)
  })

  it('begins with the first message of a bundle where what was before is kept no more', () => {
    const author = new Author(new Random(5))
    const said = [author.sayBundle(20), author.sayBundle(30), author.say()]
    const log = new OpLog(SELF, EMPTY_INDEX)
    const roots = { get: () => ({ seq: 21, hash: hashOf(said[1]!).slice(0, 4) }) }
    expect(log.take(opOf(TOPIC, said[1]!)!, roots, true)).toBe('kept')
    expect(log.lanes.get(author.id)).toMatchObject({ oldest: 21, height: 50 })
    expect(log.size).toBe(30)
  })

  it('forks where two of its ops have a number in common, kept or waiting', () => {
    const author = new Author(new Random(5))
    const six = author.sayBundle(6)
    const mother = hashOf(six)
    const bundle = author.craft({ seq: 22, count: 16, mother })
    const single = author.craft({ seq: 7, mother })
    const beyond = author.craft({ seq: 30, count: 9, mother: new Uint8Array(32) })
    const taken = (...messages: Message[]) => {
      const log = new OpLog(SELF, EMPTY_INDEX)
      const outcomes = messages.map(message => take(log, message))
      return [...outcomes, log.lanes.get(author.id)?.frozen]
    }
    expect(taken(six, single, bundle)).toEqual(['kept', 'kept', 'fork', true])
    // What a bundle of ours covers is known; that it is another is not remembered of each number.
    expect(taken(six, bundle, single)).toEqual(['kept', 'kept', 'known', false])
    expect(taken(six, bundle, beyond)).toEqual(['kept', 'kept', 'fork', true])
    expect(taken(six, beyond, bundle)).toEqual(['kept', 'waiting', 'fork', true])
    const torn = author.craft({ seq: 9, count: 3, mother: new Uint8Array(32) })
    expect(taken(six, torn)).toEqual(['kept', 'fork', true])
    const log = new OpLog(SELF, EMPTY_INDEX)
    take(log, beyond)
    expect([bundle, single].map(message => log.has(message))).toEqual([true, false])
  })

  it('that forks frees what waits for more of it, and is left out of the digest, also after a reload', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const random = new Random(4)
    const [a, b] = [new Author(random), new Author(random)]
    take(log, a.say())
    const empty = new OpLog(SELF, EMPTY_INDEX).digest
    const child = b.say([a.craft({ seq: 9, mother: new Uint8Array(32) })])
    expect(take(log, child)).toBe('waiting')
    expect(take(log, a.craft({ seq: 1, payload: new Uint8Array(9) }))).toBe('fork')
    expect(log.has(child)).toBe(true)
    expect(log.waiting.size).toBe(0)
    const { records, lanes, forks } = log.takeChanges()!
    expect(forks).toEqual([{ author: a.id, seq: 1 }])
    const shelf = new OpShelf()
    shelf.store(records, lanes, log.heads)
    expect(new OpLog(SELF, shelf.index(SELF)).digest).toEqual(log.digest)
    expect(log.digest).toEqual(hashOf(child).slice(0, 8))
    expect(empty).toEqual(new Uint8Array(8))
  })
})

describe('one’s own ops', () => {
  it('name the mother, the last heard and other heads, the most recent first, eight in all', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const random = new Random(9)
    say(log)
    const others = Array.from({ length: 12 }, () => new Author(random).say())
    for (const message of others) take(log, message)
    const { parents, op } = say(log)
    expect(parents.mother).toBeDefined()
    expect(parents.others.map(({ author }) => author)).toEqual(
      others
        .slice(-(MOST_PARENTS - 1))
        .reverse()
        .map(({ author }) => author),
    )
    // Those left out come with the next.
    const next = say(log)
    expect(next.parents.others.map(({ author }) => author)).toEqual(
      others
        .slice(0, 5)
        .reverse()
        .map(({ author }) => author),
    )
    expect(next.parents.mother).toEqual(op.hash)
  })

  it('several drafts in a row build on one another before the first is sealed', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const drafts: Message[] = []
    take(log, new Author(new Random(2)).say())
    for (let i = 0; i < 3; i++) log.draft((seq, parents) => draft(seq, parents, drafts))
    for (const message of drafts) expect(take(log, message)).toBe('kept')
    expect(log.lanes.get(SELF)!.height).toBe(3)
    // What the first named, the others have in it.
    expect(opOf(TOPIC, drafts[0]!)!.parents.others).toHaveLength(1)
    expect(opOf(TOPIC, drafts[1]!)!.parents.others).toEqual([])
  })

  it('begin above every number that was reserved, on a new lane where the old one can not go on', () => {
    const log = new OpLog(SELF, { ...EMPTY_INDEX, nextSeq: 4097 })
    const { op, parents } = say(log)
    expect(op.message.seq).toBe(4097)
    expect(parents.mother).toBeUndefined()
    expect(log.lanes.get(SELF)).toMatchObject({ height: 4097, oldest: 4097 })
  })

  it('of a bundle take as many numbers', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const drafts: Message[] = []
    for (const count of [1, 16, undefined])
      log.draft((seq, parents) => draft(seq, parents, drafts), count)
    expect(drafts.map(({ seq }) => seq)).toEqual([1, 17, 18])
  })

  it('go on where others still know the lane and we forgot it', () => {
    const log = new OpLog(SELF, EMPTY_INDEX)
    const twin = new Author(new Random(1))
    Object.assign(twin, { id: SELF })
    for (let i = 0; i < 3; i++) take(log, twin.say())
    expect(say(log).op.message.seq).toBe(4)
  })
})

/** Five authors who heard each other, forty ops in a causal order. */
function room(seed: number) {
  const random = new Random(seed)
  const authors = Array.from({ length: 5 }, () => new Author(random))
  const all: Message[] = []
  for (let i = 0; i < 40; i++) {
    const author = random.pick(authors)!
    const heads = authors.filter(one => one !== author && one.said.length > 0)
    all.push(author.say(random.sample(heads, 2).map(one => one.said.at(-1)!)))
  }
  return { log: new OpLog(SELF, EMPTY_INDEX), all, random }
}

function take(log: OpLog, message: Message) {
  return log.take(opOf(TOPIC, message)!)
}

function draft(seq: number, parents: Parents, into: Message[]): Uint8Array {
  const extensions = withParents(parents)
  const made = { author: SELF, seq, time: 0, payload: new Uint8Array(1), extensions }
  into.push(signed(made))
  return opHash(TOPIC, made)
}

function say(log: OpLog) {
  const drafts: Message[] = []
  let named: Parents | undefined
  log.draft((seq, parents) => {
    named = parents
    return draft(seq, parents, drafts)
  })
  const op = opOf(TOPIC, drafts[0]!)!
  expect(log.take(op)).toBe('kept')
  expect(op.hash).toEqual(hashOf(drafts[0]!))
  return { op, parents: named! }
}

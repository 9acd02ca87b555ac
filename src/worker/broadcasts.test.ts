import { describe, expect, it } from 'vitest'
import type { BroadcastOutcome, NodeMessage } from '../bridge/node-messages.js'
import type { OutcomeRun } from '../bridge/runs.js'
import type { PeerId, TopicId } from '../core/ids.js'
import { Broadcasts } from './broadcasts.js'
import { Subscription } from './clients.js'

const SELF = 'a'.repeat(52) as PeerId
const TOPIC = 'b'.repeat(64) as TopicId
const LARGEST = 1 << 20

describe('what is asked to be said', () => {
  it('goes to the core at once where the links have room', () => {
    const { broadcasts, said, reader } = start()
    ask(broadcasts, reader, 1)
    ask(broadcasts, reader, 2)
    expect(said).toEqual([1, 2])
  })

  it('waits while the links have enough, and goes in its order afterwards', () => {
    const { broadcasts, said, reader, links } = start()
    links.isPressed = true
    for (const ref of [1, 2, 3]) ask(broadcasts, reader, ref)
    expect(said).toEqual([])
    expect(broadcasts.areHeld).toBe(true)
    links.isPressed = false
    broadcasts.sayHeld()
    expect(said).toEqual([1, 2, 3])
    expect(broadcasts.areHeld).toBe(false)
  })

  it('is under way up to 256 KiB: the next goes when one is in the queues', () => {
    const { broadcasts, said, reader } = start()
    for (const ref of [1, 2, 3]) ask(broadcasts, reader, ref, 200 << 10)
    expect(said).toEqual([1, 2])
    broadcasts.handedOver(1, 1, 2)
    broadcasts.sayHeld()
    expect(said).toEqual([1, 2, 3])
  })

  it('is under way up to 1024 messages', () => {
    const { broadcasts, said, reader } = start()
    for (let ref = 1; ref <= 1_030; ref++) ask(broadcasts, reader, ref)
    expect(said).toHaveLength(1_024)
    for (let call = 1; call <= 3; call++) broadcasts.handedOver(call, call, 1)
    broadcasts.sayHeld()
    expect(said).toHaveLength(1_027)
  })

  it('is refused where too many bytes wait, and taken again when they have gone', () => {
    const { broadcasts, reader, links } = start()
    links.isPressed = true
    for (let ref = 1; ref <= 64; ref++) ask(broadcasts, reader, ref, LARGEST)
    expect(() => ask(broadcasts, reader, 65)).toThrow('67108864 bytes wait to be sent already.')
    broadcasts.forget(one => one === reader)
    links.isPressed = false
    broadcasts.sayHeld()
    ask(broadcasts, reader, 66)
  })

  it('is refused where too many calls wait', () => {
    const { broadcasts, reader, links } = start()
    links.isPressed = true
    for (let ref = 1; ref <= 65_536; ref++) ask(broadcasts, reader, ref, 0)
    expect(() => ask(broadcasts, reader, 65_537)).toThrow('65536 broadcasts are waiting already.')
  })

  it('is refused where it is no bytes, no bundle, or too large', () => {
    const { broadcasts, said, reader } = start()
    const payload = 'text' as unknown as Uint8Array
    expect(() => broadcasts.ask(reader, { ref: 1, payload }, 'swarm', LARGEST)).toThrow('no bytes')
    const lone = { ref: 1, payload: new Uint8Array(3), count: 2 }
    expect(() => broadcasts.ask(reader, lone, 'swarm', LARGEST)).toThrow('no bundle')
    const bundle = { ref: 1, payload: new Uint8Array([1, 0, 1, 0, 1, 65, 66]), count: 2 }
    expect(() => broadcasts.ask(reader, bundle, 'neighbors', LARGEST)).toThrow('no bundle')
    const none = { ref: 1, payload: new Uint8Array([0, 0, 1, 65]), count: 0 }
    expect(() => broadcasts.ask(reader, none, 'swarm', LARGEST)).toThrow('no bundle')
    const large = { ref: 1, payload: new Uint8Array(11) }
    expect(() => broadcasts.ask(reader, large, 'swarm', 10)).toThrow(
      'The message has 11 bytes; this topic allows 10.',
    )
    expect(said).toEqual([])
  })
})

describe('outcomes', () => {
  it('are told once, when asked for, to whoever asked', () => {
    const { broadcasts, reader, posted } = start()
    ask(broadcasts, reader, 7)
    ask(broadcasts, reader, 8)
    broadcasts.handedOver(1, 41, 3)
    expect(posted()).toEqual([])
    broadcasts.tellOutcomes()
    broadcasts.tellOutcomes()
    expect(posted()).toEqual([{ ok: true, ref: 7, author: SELF, seq: 41, count: 1, neighbors: 3 }])
  })

  it('of a bundle name the first of its numbers', () => {
    const { broadcasts, reader, posted } = start()
    const payload = new Uint8Array([1, 0, 1, 0, 1, 65, 66])
    broadcasts.ask(reader, { ref: 5, payload, count: 2 }, 'swarm', LARGEST)
    broadcasts.handedOver(1, 10, 1)
    broadcasts.tellOutcomes()
    expect(posted()).toEqual([{ ok: true, ref: 5, author: SELF, seq: 9, count: 2, neighbors: 1 }])
  })

  it('whom nobody waits for are told to nobody, and what was under way makes room', () => {
    const { broadcasts, said, reader, posted } = start()
    for (const ref of [1, 2, 3]) ask(broadcasts, reader, ref, 200 << 10)
    const other = subscription(2)
    ask(broadcasts, other.reader, 4, 10)
    broadcasts.forget(one => one === reader)
    expect(broadcasts.areSaid(one => one === reader)).toBe(true)
    broadcasts.sayHeld()
    expect(said).toEqual([1, 2, 4])
    broadcasts.handedOver(1, 1, 1)
    broadcasts.handedOver(4, 2, 1)
    broadcasts.tellOutcomes()
    expect(posted()).toEqual([])
    expect(other.posted()).toMatchObject([{ ok: true, ref: 4, seq: 2 }])
  })

  it('are awaited until the message is in the queues', () => {
    const { broadcasts, reader } = start()
    ask(broadcasts, reader, 1)
    expect(broadcasts.areSaid(one => one === reader)).toBe(false)
    expect(broadcasts.areSaid(one => one !== reader)).toBe(true)
    broadcasts.handedOver(1, 1, 1)
    expect(broadcasts.areSaid(() => true)).toBe(true)
  })

  it('of what is given up say why, and what was held is not said later', () => {
    const { broadcasts, said, reader, links, posted } = start()
    ask(broadcasts, reader, 1, 300 << 10)
    links.isPressed = true
    ask(broadcasts, reader, 2)
    broadcasts.giveUp({ code: 'closed', message: 'Put away.' })
    expect(posted()).toMatchObject([
      { ref: 1, ok: false, code: 'closed', message: 'Put away.' },
      { ref: 2, ok: false, code: 'closed', message: 'Put away.' },
    ])
    links.isPressed = false
    ask(broadcasts, reader, 3)
    expect(said).toEqual([1, 3])
  })

  it('of what was given up, and leaves all the same, make no room twice', () => {
    const { broadcasts, said, reader } = start()
    ask(broadcasts, reader, 1, 300 << 10)
    broadcasts.giveUp({ code: 'closed', message: 'Put away.' })
    broadcasts.handedOver(1, 1, 1)
    for (const ref of [2, 3, 4]) ask(broadcasts, reader, ref, 200 << 10)
    expect(said).toEqual([1, 2, 3])
  })
})

function start() {
  const links = { isPressed: false }
  const said: number[] = []
  const { reader, posted } = subscription(1)
  const broadcasts = new Broadcasts(SELF, links, ({ ref }) => void said.push(ref))
  return { broadcasts, links, said, reader, posted }
}

function subscription(handle: number) {
  const messages: NodeMessage[] = []
  const reader = new Subscription(
    handle,
    TOPIC,
    16,
    message => void messages.push(message),
    () => {},
  )
  const posted = (): (BroadcastOutcome | OutcomeRun)[] => {
    reader.flushOutcomes()
    return messages.flatMap(message => (message.type === 'outcomes' ? message.outcomes : []))
  }
  return { reader, posted }
}

/** Calls are numbered from 1 on. */
function ask(broadcasts: Broadcasts, reader: Subscription, ref: number, bytes = 10): void {
  broadcasts.ask(reader, { ref, payload: new Uint8Array(bytes) }, 'swarm', LARGEST)
}

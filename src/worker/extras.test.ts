import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { NodeMessage } from '../bridge/node-messages.js'
import { PLENTY } from '../storage/op-store.suite.js'
import { allExtras } from './all-extras.js'
import { type ExtraName, type ExtraParts, Extras, type LoadExtra } from './extras.js'
import { extra as fullMesh } from './full-mesh-extra.js'
import { extra as history } from './history-extra.js'
import { Host } from './host.js'
import { extra as more } from './more-extra.js'
import { OPTIONS, TERMS, useVirtualTime, World } from './world.suite.js'

const PARTS: ExtraParts = { history, 'full-mesh': fullMesh, more }
let asked: ExtraName[]
let failures: number
const load: LoadExtra = async name => {
  asked.push(name)
  if (failures-- > 0) throw new Error('404')
  return PARTS[name]
}
beforeEach(() => {
  asked = []
  failures = 0
})

describe('extras', () => {
  it('are loaded for the terms that name them, and once', async () => {
    const extras = new Extras(load)
    await extras.need(TERMS)
    expect(asked).toEqual([])
    expect([extras.protocols, extras.opStores()]).toEqual([{}, undefined])
    await Promise.all([
      extras.need({ ...TERMS, history: 'wavefront' }),
      extras.need({ ...TERMS, history: 'wavefront', membership: 'auto' }),
    ])
    await extras.need({ ...TERMS, history: 'wavefront', membership: 'full-mesh' })
    expect(asked).toEqual(['history', 'full-mesh'])
    expect(extras.protocols).toEqual({ history: history.protocol, fullMesh: fullMesh.protocol })
    expect(extras.opStores()).toBe(history.opStores)
  })

  it('that could not be loaded are told to all who wait, and tried again for the next', async () => {
    const extras = new Extras(load)
    failures = 1
    const wave = { ...TERMS, history: 'wavefront' } as const
    const both = await Promise.allSettled([extras.need(wave), extras.need(wave)])
    for (const one of both) {
      expect(one).toMatchObject({ reason: { code: 'protocol-unavailable' } })
      expect(String((one as PromiseRejectedResult).reason)).toMatch(/history.*404/)
    }
    await extras.need(wave)
    expect(asked).toEqual(['history', 'history'])
  })
})

describe('a topic whose extra is not there', () => {
  const time = useVirtualTime()

  it('ends with what is missing, and can be opened when it is there', async () => {
    const world = new World(time())
    world.extras = () => new Extras(load)
    const { client } = await world.peer(0)
    failures = 2
    const kept = {
      terms: { ...TERMS, history: 'wavefront' },
      history: { retention: PLENTY, order: 'arrival' },
    } as const
    const [one, other] = [client.subscribe(kept), client.subscribe(kept)]
    one.broadcast('to nobody')
    await time().until(() => one.ended !== undefined && other.ended !== undefined)
    expect([one.ended, other.ended]).toEqual(['protocol-unavailable', 'protocol-unavailable'])
    const meshed = client.subscribe({ terms: { ...TERMS, membership: 'full-mesh' } })
    await time().until(() => meshed.ended !== undefined)
    expect(meshed.ended).toBe('protocol-unavailable')

    const again = client.subscribe(kept)
    again.broadcast('kept')
    await time().until(() => again.outcomes.length === 1)
    expect(again.outcomes).toMatchObject([{ ok: true }])
    expect(asked).toEqual(['history', 'full-mesh', 'history'])
  })
})

describe('presence', () => {
  const time = useVirtualTime()

  it('is loaded with the first that is shown or heard of, and none of it is lost', async () => {
    const world = new World(time())
    world.extras = () => new Extras(load)
    const [a, b] = await world.joined(2)
    await time().run(60_000)
    expect(asked).toEqual([])
    a!.topic.show('here')
    await time().until(() => b!.topic.shown.length > 0)
    expect(b!.topic.shown).toEqual(['here'])
    expect(asked).toEqual(['more', 'more'])
    b!.topic.show('there')
    await time().until(() => a!.topic.shown.length > 0)
    expect(a!.topic.shown).toEqual(['there'])
  })

  it('of ours that could not be loaded is told once and tried again', async () => {
    const world = new World(time())
    world.extras = () => new Extras(load)
    const [a, b] = await world.joined(2)
    failures = 3
    a!.topic.show('not yet')
    a!.topic.show('here')
    await time().until(() => b!.topic.shown.length > 0)
    expect(b!.topic.shown).toEqual(['here'])
    expect(a!.peer.client.notices).toEqual(['protocol-unavailable'])
  })

  it('of a peer that could not be loaded is not asked for again for half a minute', async () => {
    const world = new World(time())
    const own = [allExtras(), new Extras(load)]
    world.extras = () => own.shift()!
    const [a, b] = await world.joined(2)
    failures = Number.POSITIVE_INFINITY
    for (let n = 0; n < 20; n++) {
      a!.topic.show(`word ${n}`)
      await time().run(1_000)
    }
    expect(asked).toEqual(['more'])
    expect(await b!.peer.metrics()).toMatchObject({ 'presence-not-loaded': 1 })
    failures = 0
    await time().until(() => b!.topic.shown.length > 0, 90_000)
    expect(b!.topic.shown).toEqual(['word 19'])
  })
})

describe('relaying', () => {
  const time = useVirtualTime()

  it('is loaded with the first link that is relayed, and nothing of it is lost', async () => {
    const world = new World(time())
    world.extras = () => new Extras(load)
    const [a, b] = await world.joined(2, { link: 'relayed' })
    expect(asked).toEqual(['more', 'more'])
    a!.topic.broadcast('by hand')
    await time().until(() => b!.topic.texts.length === 1)
    expect((await a!.peer.inspect()).links[0]!.kind).toBe('relayed')
  })

  it('that could not be loaded fails the dial, which is tried again', async () => {
    const world = new World(time())
    world.extras = () => new Extras(load)
    failures = 3
    const [a, b] = await world.joined(2, { link: 'relayed' })
    const { notices } = a!.peer.client
    expect([...notices, ...b!.peer.client.notices]).toContain('protocol-unavailable')
    expect(notices.filter(code => code === 'protocol-unavailable').length).toBeLessThan(2)
    expect(asked.length).toBeGreaterThan(2)
    expect((await b!.peer.inspect()).links[0]!.kind).toBe('relayed')
  })
})

describe('a store in memory', () => {
  const opened = async () => {
    const said: NodeMessage[] = []
    const host = new Host({
      locks: undefined,
      extras: () => new Extras(load),
      post: message => void said.push(message as NodeMessage),
      ended: () => {},
    })
    host.receive({ type: 'open', call: 1, options: { ...OPTIONS, signaling: undefined } })
    await vi.waitFor(() => expect(said.some(({ type }) => /answer|refused/.test(type))).toBe(true))
    return said
  }

  it('is loaded where the node keeps nothing', async () => {
    expect(await opened()).toContainEqual(expect.objectContaining({ type: 'answer', call: 1 }))
    expect(asked).toEqual(['more'])
  })

  it('that could not be loaded is why the node is not opened', async () => {
    failures = 1
    expect(await opened()).toEqual([
      {
        type: 'refused',
        call: 1,
        code: 'protocol-unavailable',
        message: 'worker-more.js could not be loaded: 404',
      },
    ])
  })
})

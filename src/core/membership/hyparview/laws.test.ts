import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Random } from '../../random.js'
import { describeMembership } from '../membership.suite.js'
import { testPeer } from '../network.suite.js'
import { HYPARVIEW_DEFAULTS } from './config.js'
import { Hyparview } from './hyparview.js'
import { LARGEST_SAMPLE } from './messages.js'
import { answers, anyMessage, hyparview, knocks } from './messages.suite.js'

describeMembership('HyParView', {
  make: (self, random) => new Hyparview({ self, config: HYPARVIEW_DEFAULTS, random }),
  knocks,
  message: anyMessage,
  answers,
})

it('whatever comes, the views keep their sizes and don’t overlap, and few requests stand', () => {
  const pool = Array.from({ length: 16 }, (_, i) => testPeer(i))
  const peer = fc.constantFrom(...pool)
  const step = fc.record({
    from: peer,
    message: anyMessage(peer),
    linked: fc.boolean(),
    up: fc.boolean(),
    afterMs: fc.integer({ min: 0, max: 4_000 }),
  })
  const config = { activeViewCapacity: 3, passiveViewCapacity: 4, reserveCapacity: 5 }
  fc.assert(
    fc.property(fc.nat(), fc.array(step, { maxLength: 150 }), (seed, steps) => {
      const machine = hyparview(pool[0]!, { ...config, seed })
      let now = 0
      for (const { from, message, linked, up, afterMs } of steps) {
        now += afterMs
        const outputs = machine.handle(now, { type: 'message', from, message, linked })
        if (up) outputs.push(...machine.handle(now, { type: 'link-up', peer: from }))
        if (afterMs > 2_000) outputs.push(...machine.handle(now, { type: 'wake' }))
        for (const output of outputs) {
          if (output.type === 'send' && 'sample' in output.message) {
            expect(output.message.sample.length).toBeLessThanOrEqual(LARGEST_SAMPLE)
          }
        }
        const { active, passive, reserve, requests } = machine.snapshot()
        const all = [...active.map(one => one.peer), ...passive, ...reserve]
        expect(new Set(all).size).toBe(all.length)
        expect(all).not.toContain(pool[0])
        expect(active.length).toBeLessThanOrEqual(3)
        expect(passive.length).toBeLessThanOrEqual(4)
        expect(reserve.length).toBeLessThanOrEqual(5)
        const asking = requests.filter(one => one.stage === 'asking')
        expect(asking.length).toBeLessThanOrEqual(config.activeViewCapacity)
        expect(requests.length).toBeLessThanOrEqual(3 + config.activeViewCapacity + 4)
      }
    }),
    { seed: 11, numRuns: 300 },
  )
})

it('a machine is decided by its seed alone', () => {
  const run = () => {
    const machine = new Hyparview({
      self: testPeer(0),
      config: HYPARVIEW_DEFAULTS,
      random: new Random(5),
    })
    const peers = Array.from({ length: 40 }, (_, i) => testPeer(i + 1))
    return [
      machine.handle(0, { type: 'join', peers }),
      machine.handle(20_000, { type: 'wake' }),
      machine.snapshot(),
    ]
  }
  expect(run()).toEqual(run())
})

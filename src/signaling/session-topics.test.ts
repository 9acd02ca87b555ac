import { describe, expect, it } from 'vitest'
import { Bench, counted, me, other, said, topic, topics, you } from './session.suite.js'

describe('topics', () => {
  it('entered before the connection are entered when it opens', () => {
    const bench = new Bench()
    expect(said(bench.do({ type: 'enter', topic }))).toEqual([])
    bench.do({ type: 'enter', topic: other })
    bench.do({ type: 'exit', topic: other })
    bench.do({ type: 'start' })
    expect(said(bench.shakeHands())).toEqual([{ type: 'enter', topic }])
  })

  it('entered again ask for other peers', () => {
    const bench = new Bench().open()
    expect(said(bench.do({ type: 'enter', topic }))).toEqual([{ type: 'enter', topic }])
    expect(said(bench.do({ type: 'enter', topic }))).toEqual([{ type: 'enter', topic }])
  })

  it('are all entered again after a reconnect', () => {
    const bench = new Bench().open()
    bench.do({ type: 'enter', topic })
    bench.do({ type: 'enter', topic: other })
    bench.close()
    bench.wait()
    expect(said(bench.shakeHands())).toEqual([
      { type: 'enter', topic },
      { type: 'enter', topic: other },
    ])
  })

  it('are left once', () => {
    const bench = new Bench().open()
    bench.do({ type: 'enter', topic })
    expect(said(bench.do({ type: 'exit', topic }))).toEqual([{ type: 'leave', topic }])
    expect(bench.do({ type: 'exit', topic })).toEqual([])
  })

  it('beyond the limit are refused with a notice', () => {
    const bench = new Bench({ topics: 3 }).open()
    for (const one of topics.slice(0, 3)) bench.do({ type: 'enter', topic: one })
    const outputs = bench.do({ type: 'enter', topic: topics[3]! })
    expect(said(outputs)).toEqual([])
    expect(outputs).toContainEqual({
      type: 'notice',
      code: 'signaling-refused',
      message: 'No more than 3 topics can be entered at once.',
    })
    expect(said(bench.do({ type: 'enter', topic: topics[0]! }))).toHaveLength(1)
  })

  it('bring introductions, without us and without repetitions', () => {
    const bench = new Bench().open()
    bench.do({ type: 'enter', topic })
    expect(bench.hear({ type: 'entered', topic, peers: [you, me, you] })).toEqual([
      { type: 'introduced', topic, peers: [you] },
    ])
    expect(counted(bench.hear({ type: 'entered', topic: other, peers: [you] }))).toEqual([
      'signaling-unexpected',
    ])
  })
})

describe('signals', () => {
  it('go out and come in as bytes', () => {
    const bench = new Bench().open()
    const body = new Uint8Array([1, 2, 3])
    expect(said(bench.do({ type: 'send', to: you, body }))).toEqual([
      { type: 'signal', to: you, body: 'AQID' },
    ])
    expect(bench.hear({ type: 'signal', from: you, body: 'AQID' })).toEqual([
      { type: 'signal', from: you, body },
    ])
  })

  it('are undeliverable at once while there is no connection', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    expect(bench.do({ type: 'send', to: you, body: new Uint8Array(1) })).toEqual([
      { type: 'count', counter: 'signaling-unsent' },
      { type: 'undeliverable', to: you },
    ])
  })

  it('that the server could not deliver are reported', () => {
    const bench = new Bench().open()
    expect(bench.hear({ type: 'undeliverable', to: you })).toContainEqual({
      type: 'undeliverable',
      to: you,
    })
  })

  it('outside their bounds are a mistake of the caller', () => {
    const bench = new Bench().open()
    for (const length of [0, 20 * 1024 + 1]) {
      const body = new Uint8Array(length)
      expect(() => bench.do({ type: 'send', to: you, body })).toThrow(RangeError)
    }
  })
})

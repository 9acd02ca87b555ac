import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { PeerId } from '../core/ids.js'
import { encodeSignal, type SignalBody, signedBytes } from '../signaling/signal.js'
import type { Identity } from './identity.js'
import { offerOf } from './links.suite.js'
import { Signals } from './signals.js'
import { fiveKeys, useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let alice: Identity
let bob: Identity
let carol: Identity
beforeEach(async () => {
  ;[alice, bob, carol] = (await fiveKeys()).map(({ id }) => id) as [Identity, Identity, Identity]
})

describe('a signal', () => {
  it('arrives with whom it is from, by the server or through the mesh, in the order of sending', async () => {
    const [a, b] = [new SignalsTest(alice), new SignalsTest(bob)]
    for (const epoch of [1, 2, 3]) a.signals.send(bob.peerId, offerOf(epoch))
    await time().quiet()
    expect(a.sent.map(({ to }) => to)).toEqual(Array(3).fill(bob.peerId))
    b.signals.receive(a.sent[0]!.bytes, 'server', alice.peerId)
    b.signals.receive(a.sent[1]!.bytes, 'mesh')
    b.signals.receive(a.sent[2]!.bytes, 'mesh')
    await time().quiet()
    expect(b.heard).toEqual([
      { from: alice.peerId, body: offerOf(1), via: 'server' },
      { from: alice.peerId, body: offerOf(2), via: 'mesh' },
      { from: alice.peerId, body: offerOf(3), via: 'mesh' },
    ])
  })

  it('that another signed in its name is forged: heard by nobody, and counted', async () => {
    const test = new SignalsTest(bob)
    test.signals.receive(await signalOf(alice.peerId, bob.peerId, carol), 'mesh')
    await time().quiet()
    expect([test.heard, test.counted]).toEqual([[], ['signal-forged']])
  })

  it('that is for another, or from another than the server says, is misaddressed and costs no crypto', async () => {
    const test = new SignalsTest(bob)
    const forCarol = await signalOf(alice.peerId, carol.peerId, alice)
    const fromAlice = await signalOf(alice.peerId, bob.peerId, alice)
    vi.mocked(crypto.subtle.verify).mockClear()
    test.signals.receive(forCarol, 'mesh')
    test.signals.receive(fromAlice, 'server', carol.peerId)
    await time().quiet()
    expect([test.heard, test.counted]).toEqual([[], Array(2).fill('signal-misaddressed')])
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
  })

  it('that is none is counted', () => {
    const test = new SignalsTest(bob)
    test.signals.receive(new Uint8Array([1, 2, 3]), 'server', alice.peerId)
    expect(test.counted).toEqual(['signal-malformed'])
  })

  it('is one of 256 that wait for their verification at most; more are dropped and counted', async () => {
    const test = new SignalsTest(bob)
    const bytes = await signalOf(alice.peerId, bob.peerId, alice)
    for (let n = 0; n < 300; n++) test.signals.receive(bytes, 'mesh')
    await time().quiet()
    expect([test.heard.length, test.counted.length]).toEqual([256, 44])
    test.signals.receive(bytes, 'mesh')
    await time().quiet()
    expect(test.heard).toHaveLength(257)
  })
})

class SignalsTest {
  readonly sent: { to: PeerId; bytes: Uint8Array }[] = []
  readonly heard: { from: PeerId; body: SignalBody; via: string }[] = []
  readonly counted: string[] = []
  readonly signals: Signals

  constructor(identity: Identity) {
    this.signals = new Signals(identity, {
      signed: (to, bytes) => void this.sent.push({ to, bytes }),
      heard: (from, body, via) => void this.heard.push({ from, body, via }),
      count: counter => void this.counted.push(counter),
    })
  }
}

async function signalOf(from: PeerId, to: PeerId, signer: Identity): Promise<Uint8Array> {
  const said = { from, to, body: offerOf(5) }
  return encodeSignal({ ...said, signature: await signer.sign(signedBytes(said)) })
}

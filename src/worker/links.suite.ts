import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import { type PeerId, peerIdFromBytes } from '../core/ids.js'
import type { NodeInput } from '../core/io.js'
import type { SignalBody } from '../signaling/signal.js'
import type { Frame } from '../wire/frame.js'
import type { Identity } from './identity.js'
import { Links } from './links.js'
import { type FakeChannel, sdpOf } from './page.suite.js'
import { relay } from './relayed-link.js'
import { Rogue } from './rogue.suite.js'
import type { VirtualTime } from './time.suite.js'
import { WakeUp } from './wake.js'
import { fiveKeys, PROTOCOL, TERMS, TOPIC } from './world.suite.js'

/** The links of one node; the test plays core, page and peers. */
export class LinksTest {
  readonly inputs: NodeInput[] = []
  readonly orders: RtcOrder[] = []
  readonly signals: { to: PeerId; body: SignalBody }[] = []
  readonly frames: { from: PeerId; frame: Frame }[] = []
  readonly counted: string[] = []
  readonly wanted = new Set<PeerId>()
  readonly links: Links
  /** Whether what relays can be had, and when. */
  relaying = async () => relay
  private readonly wake: WakeUp
  private isSettling = false

  constructor(
    readonly time: VirtualTime,
    readonly identity: Identity,
    relayed = false,
  ) {
    const { clock } = time
    this.wake = new WakeUp(clock, act => {
      act()
      this.settle()
    })
    this.links = new Links({
      identity,
      protocol: PROTOCOL,
      clock,
      wake: this.wake,
      relayed,
      order: order => void this.orders.push(order),
      input: input => void this.inputs.push(input),
      frame: ({ peer: from }, frame) => void this.frames.push({ from, frame }),
      signal: (to, body) => void this.signals.push({ to, body }),
      wantsLink: peer => this.wanted.has(peer),
      settle: () => this.settle(),
      count: counter => void this.counted.push(counter),
      relaying: () => this.relaying(),
    })
  }

  /** The first of the five keys, who offers to all others; or the last, to whom all others offer. */
  static async of(time: VirtualTime, who: 'offerer' | 'answerer'): Promise<LinksTest> {
    const keys = await fiveKeys()
    return new LinksTest(time, keys[who === 'offerer' ? 0 : 4]!.id)
  }

  get self(): PeerId {
    return this.identity.peerId
  }

  /** Both sides agreed to a link. */
  dial(peer: PeerId): void {
    this.wanted.add(peer)
    this.links.dial(peer)
    this.settle()
  }

  report(report: RtcReport): void {
    this.links.report(report)
    this.settle()
  }

  of<Type extends RtcOrder['type']>(type: Type): Extract<RtcOrder, { type: Type }>[] {
    return this.orders.filter(order => order.type === type) as never
  }

  /** The epochs of the dials ordered so far. */
  get dials(): number[] {
    return this.of('rtc-dial').map(({ epoch }) => epoch)
  }

  get hungUp(): number[] {
    return this.of('rtc-hang-up').map(({ epoch }) => epoch)
  }

  /** What the core was told, without round trips. */
  get told(): NodeInput[] {
    return this.inputs.filter(({ type }) => type !== 'rtt')
  }

  /** The page lends the channel of the last dial, the other end of which is given to the rogue. */
  async lend(n: number, open = true): Promise<Rogue> {
    const { epoch } = this.of('rtc-dial').at(-1)!
    const { rogue, channel } = await Rogue.behind(this.time, n, this.self)
    this.report({ type: 'rtc-lent', peer: rogue.id, epoch, channel })
    if (open) channel.open()
    return rogue
  }

  /** A link that stands. Where the others offer, the `n`th does so with this epoch. */
  async linked(n: number, epoch = this.time.now): Promise<Rogue> {
    const peer = (await fiveKeys())[n]!.id.peerId
    this.dial(peer)
    if (this.self > peer) this.links.heard(peer, offerOf(epoch))
    const rogue = await this.lend(n)
    await this.time.until(() => rogue.isProven && this.isUp(peer))
    return rogue
  }

  async adopted(n: number): Promise<{ rogue: Rogue; near: FakeChannel }> {
    const { rogue, channel } = await Rogue.behind(this.time, n, this.self)
    const epoch = this.time.now
    this.report({ type: 'rtc-adopted', peer: rogue.id, epoch, channel })
    return { rogue, near: channel }
  }

  isUp(peer: PeerId): boolean {
    return this.links.kindOf(peer) !== undefined
  }

  readonly settle = (): void => {
    if (this.isSettling) return
    this.isSettling = true
    this.time.soon(() => {
      this.isSettling = false
      this.links.flush()
      this.wake.arm()
    })
  }
}

export const GREETING = { type: 'topic-hello', topic: TOPIC, terms: TERMS } as const
export const PRUNE = {
  type: 'topic',
  topic: TOPIC,
  message: { type: 'prune', source: undefined },
} as const

export function offerOf(epoch: number, number = 1) {
  return { type: 'offer', epoch, sdp: sdpOf(number) } as const
}

export function candidateOf(epoch: number, name: string) {
  const candidate = { candidate: name, sdpMid: '0', sdpMLineIndex: 0 }
  return { type: 'candidates', epoch, candidates: [candidate] } as { type: 'candidates' } & Extract<
    SignalBody,
    { type: 'candidates' }
  >
}

/** Ids in front of all keys: such peers offer to everyone. */
export function earlyPeer(n: number): PeerId {
  const bytes = new Uint8Array(32)
  bytes[31] = n
  return peerIdFromBytes(bytes)
}

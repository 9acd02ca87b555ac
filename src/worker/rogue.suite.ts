import type { PeerId } from '../core/ids.js'
import { Random } from '../core/random.js'
import { LINK_DEFAULTS } from '../link/config.js'
import { LinkMachine } from '../link/link.js'
import type { Frame } from '../wire/frame.js'
import type { Identity } from './identity.js'
import { LentLink } from './lent-link.js'
import { FakeChannel } from './page.suite.js'
import { PeerLink } from './peer-link.js'
import type { VirtualTime } from './time.suite.js'
import { fiveKeys, PROTOCOL, TERMS, type TestPeer, type TestTopic, TOPIC } from './world.suite.js'

/** The far end of a link played by hand: it proves itself as any peer does, and then says what a test wants. */
export class Rogue {
  readonly link: PeerLink
  readonly frames: Frame[] = []
  isProven = false
  down: string | undefined

  private constructor(
    readonly time: VirtualTime,
    readonly identity: Identity,
    to: PeerId,
    readonly channel: FakeChannel,
    protocol: string,
  ) {
    const machine = new LinkMachine(LINK_DEFAULTS, new Random(99))
    const { clock } = time
    this.link = new PeerLink(to, 1, true, machine, identity, protocol, clock, {
      proven: () => (this.isProven = true),
      frame: (_, frame) => void this.frames.push(frame),
      down: (_, reason) => (this.down = reason),
      misbehaved: () => {},
      rtt: () => {},
      congested: () => {},
      suspect: () => {},
      dirty: link => time.soon(() => link.flush()),
      count: () => {},
    })
    this.link.attach(new LentLink(channel, this.link))
  }

  get id(): PeerId {
    return this.identity.peerId
  }

  /** The `n`th of the five, on a channel of which the other end is given. */
  static async behind(time: VirtualTime, n: number, to: PeerId, protocol = PROTOCOL) {
    const { id } = (await fiveKeys())[n]!
    const [ours, theirs] = FakeChannel.pair(time)
    return { rogue: new Rogue(time, id, to, ours, protocol), channel: theirs }
  }

  /** Proven to the peer, and its neighbor in the topic. */
  static async neighborOf(
    peer: TestPeer,
    topic: TestTopic,
    n: number,
    terms = TERMS,
  ): Promise<Rogue> {
    const { time } = peer.world
    const { rogue, channel } = await Rogue.behind(time, n, peer.id)
    peer.page.adopt(rogue.id, channel)
    channel.open()
    await time.until(() => rogue.isProven)
    rogue.link.send({ type: 'topic-hello', topic: TOPIC, terms })
    rogue.link.send({
      type: 'topic',
      topic: TOPIC,
      message: { type: 'neighbor-request', requestId: 1, priority: 'high', record: undefined },
    })
    await time.until(() => topic.neighbors.includes(rogue.id))
    return rogue
  }

  /** Bytes that no peer would send, as one packet. */
  rubbish(): void {
    this.channel.send(new Uint8Array([255, 254, 253, 252, 251]))
  }
}

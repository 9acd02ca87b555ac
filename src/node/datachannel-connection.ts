import type { DataChannel, PeerConnection, RtcConfig } from 'node-datachannel'

/** The two halves of node-datachannel, an optional dependency, loaded. */
export interface Loaded {
  native: typeof import('node-datachannel')
  browserLike: typeof import('node-datachannel/polyfill')
}

/**
 * node-datachannel's imitation of a browser's RTCPeerConnection, with what simple-peer and we rely on:
 * - Descriptions are plain objects, for simple-peer writes to them, and are made when asked for; as it comes, each
 *   channel makes an offer at its birth, also on the side that answers.
 * - Candidates of who offers are said when the answer is taken. A peer that reaches us while we take it would end the
 *   connection: libdatachannel begins DTLS before it knows whom with ("Got a remote candidate without ICE transport";
 *   two of a hundred on a busy machine, and mostly the second try too).
 * - What was sent before a close arrives, and before the word of the close. As it comes, it is lost on either side
 *   where the close is quick.
 */
export function connectionOver({ native, browserLike }: Loaded): typeof RTCPeerConnection {
  class Connection extends browserLike.RTCPeerConnection {
    readonly #native: PeerConnection
    readonly #channels: RTCDataChannel[] = []
    #isClosing = false
    #isAnswered = false
    readonly #unsaid: Event[] = []

    constructor(configuration: RTCConfiguration = {}) {
      const peerConnection = new native.PeerConnection('gossamer', nativeConfig(configuration))
      const createDataChannel = peerConnection.createDataChannel.bind(peerConnection)
      replace(peerConnection, {
        createDataChannel: (...given) => closedLast(createDataChannel(...given)),
      })
      super({ peerConnection } as RTCConfiguration)
      this.#native = peerConnection
    }

    override createOffer(): Promise<RTCSessionDescriptionInit> {
      return this.#describe('offer')
    }

    override createAnswer(): Promise<RTCSessionDescriptionInit> {
      return this.#describe('answer')
    }

    override get localDescription() {
      const { type, sdp } = super.localDescription
      return { type, sdp: this.#said(sdp) } as RTCSessionDescription
    }

    /** It was set when it was made. */
    override async setLocalDescription(): Promise<void> {}

    override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      await super.setRemoteDescription(description)
      this.#isAnswered = true
      for (const candidate of this.#unsaid.splice(0)) super.dispatchEvent(candidate)
    }

    override createDataChannel(label: string, options?: RTCDataChannelInit) {
      const channel = super.createDataChannel(label, options)
      this.#channels.push(channel)
      return channel
    }

    override dispatchEvent(event: Event): boolean {
      if (event.type === 'icecandidate' && !this.#isAnswered) {
        this.#unsaid.push(event)
        return true
      }
      // What it received before comes by its channels' own queues, of this turn and later ones.
      if (this.connectionState === 'closed')
        setImmediate(() => this.#each(closed).then(() => super.dispatchEvent(event)))
      else super.dispatchEvent(event)
      return true
    }

    /** Channels first, and the connection when they are closed: else what is on its way is lost. */
    override close(): void {
      if (this.#isClosing) return
      this.#isClosing = true
      const all = this.#each(closing).then(() => super.close())
      UNCLOSED.add(all)
      void all.finally(() => UNCLOSED.delete(all))
    }

    #each(way: (channel: RTCDataChannel) => Promise<void>): Promise<unknown> {
      const opened = ['open', 'closing']
      return Promise.all(this.#channels.filter(each => opened.includes(each.readyState)).map(way))
    }

    async #describe(type: 'offer' | 'answer'): Promise<RTCSessionDescriptionInit> {
      this.#native.setLocalDescription(type)
      const made = this.#native.localDescription()
      if (made === null) throw new Error(`no ${type} could be made`)
      return { type, sdp: this.#said(made.sdp) }
    }

    #said(sdp: string): string {
      return this.#isAnswered ? sdp : sdp.replace(/^a=(candidate:|end-of-candidates).*\r?\n/gm, '')
    }
  }
  return Connection as unknown as typeof RTCPeerConnection
}

/** Resolves when every connection that was to be closed is. */
export async function allClosed(): Promise<void> {
  await Promise.all(UNCLOSED)
}

/** The servers it knows how to ask, as it writes them; names may hold colons, so they are escaped. */
export function nativeConfig({ iceServers = [] }: RTCConfiguration): RtcConfig {
  const urls = iceServers.flatMap(({ urls, username, credential }) =>
    [urls].flat().flatMap(url => {
      const [, scheme, rest] = /^(stun|turns?):(?:\/\/)?(.+)$/.exec(url) ?? []
      if (scheme === undefined) return []
      if (username === undefined || credential === undefined) return [`${scheme}:${rest}`]
      const who = `${encodeURIComponent(username)}:${encodeURIComponent(credential)}`
      return [`${scheme}:${who}@${rest}`]
    }),
  )
  return { iceServers: urls, disableAutoNegotiation: true }
}

/**
 * Each listener has a queue of its own, they are emptied in the order in which they were set, and a closed channel's are
 * thrown away: so the one for its closing is to be set after the one for messages.
 */
function closedLast(channel: DataChannel): DataChannel {
  const sendMessageBinary = channel.sendMessageBinary.bind(channel)
  const onClosed = channel.onClosed.bind(channel)
  const onMessage = channel.onMessage.bind(channel)
  let closed = () => {}
  replace(channel, {
    // It throws as soon as the other side closed it; the word of that comes behind what was said before, and is waited for.
    sendMessageBinary: bytes => {
      try {
        return sendMessageBinary(bytes)
      } catch (error) {
        if (channel.isOpen()) throw error
        return false
      }
    },
    onClosed: listener => {
      closed = listener
      onClosed(closed)
    },
    onMessage: listener => {
      onMessage(listener)
      onClosed(closed)
    },
  })
  return channel
}

/** Methods of a native object, which can't be assigned. */
function replace<Native extends object>(native: Native, methods: Partial<Native>): void {
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(native, name, { value })
}

function closing(channel: RTCDataChannel): Promise<void> {
  const isClosed = closed(channel)
  channel.close()
  return isClosed
}

/** Within a bound. */
function closed(channel: RTCDataChannel): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, CLOSING_MS)
    channel.addEventListener('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

const UNCLOSED = new Set<Promise<void>>()

/** As the runtime gives its links to drain (worker/runtime.ts). */
const CLOSING_MS = 1_200

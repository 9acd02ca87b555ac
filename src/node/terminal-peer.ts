import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { decodeShows, encodeShows } from '../../web/here.js'
import { decodeSaid, encodeSaid, tidyNick } from '../../web/payload.js'
import { GossamerError } from '../bridge/errors.js'
import type { PresenceChange } from '../bridge/node-messages.js'
import { type PeerId, shortId } from '../core/ids.js'
import { Gossip } from '../gossip.js'
import type { GossipEvent, GossipTopic } from '../topic.js'
import type { PeerArguments } from './arguments.js'
import { LineCutter } from './line-cutter.js'
import { nodeWorker } from './node-worker.js'

export interface Terminal {
  /** Each line is said to the topic; its end is the peer's. */
  input: Readable
  /** Who comes and goes, and what is said. */
  output: Writable
  /** What went wrong. */
  errors: Writable
  /** Ends the peer as the end of the input does. */
  signal: AbortSignal
}

/** Takes part in a topic until the input ends. Resolves with the exit code: 1 where it could not, or broke. */
export async function runPeer(asked: PeerArguments, terminal: Terminal): Promise<number> {
  const complain = (text: string) => terminal.errors.write(`${text}\n`)
  const { signaling, signal } = { ...asked, ...terminal }
  try {
    const worker = await nodeWorker()
    const gossip = await Gossip.open({
      signaling,
      fullMeshConfig: { periodMs: asked.periodMs },
      worker,
      storage: 'memory',
      signal,
    })
    const over = new AbortController()
    gossip.addEventListener('notice', ({ detail }) => complain(printable(detail.message)))
    gossip.addEventListener('gone', ({ detail }) => over.abort(detail))
    try {
      const topic = gossip.subscribe(asked.topic, {
        bootstrap: asked.connect,
        membership: asked.membership,
        // As the chat page has it, whose rooms these are.
        history: { protocol: 'wavefront' },
      })
      const chat = new TerminalChat(topic, asked, terminal)
      chat.greet(gossip.peerId)
      const reading = chat.read()
      // It may fail before it is waited for.
      reading.catch(() => {})
      await chat.say(AbortSignal.any([signal, over.signal]))
      await topic.leave()
      chat.hurry()
      await reading
      over.signal.throwIfAborted()
    } finally {
      await gossip.shutdown()
    }
    return 0
  } catch (error) {
    if (signal.aborted) return 0
    if (!(error instanceof GossamerError)) throw error
    complain(error.message)
    return 1
  }
}

/** A topic on a terminal: one line for each thing that happens. */
class TerminalChat {
  readonly #topic: GossipTopic
  readonly #terminal: Terminal
  readonly #nick: string

  constructor(topic: GossipTopic, { name }: PeerArguments, terminal: Terminal) {
    this.#topic = topic
    this.#nick = tidyNick(name) || 'a Node peer'
    this.#terminal = terminal
    topic.addEventListener('state', () => this.#status())
    topic.addEventListener('presence', ({ detail }) => this.#sees(detail))
    topic.presence.set(encodeShows({ nick: this.#nick, typing: false }))
  }

  /** No more waiting for a slow terminal. */
  hurry(): void {
    this.#hurry.abort()
  }
  readonly #hurry = new AbortController()

  greet(peerId: string): void {
    this.#print(`* you are ${peerId}`)
    this.#status()
  }

  /** What others do, until the topic is left. */
  async read(): Promise<void> {
    for await (const event of this.#topic) {
      if (event.type === 'neighborUp') this.#around(event.peer, { isNeighbor: true })
      else if (event.type === 'neighborDown')
        this.#around(event.peer, { isNeighbor: false, reason: event.reason })
      const line = lineOf(event)
      if (line === undefined) continue
      await this.#drained()
      this.#print(line)
    }
  }

  /** Meanwhile the node keeps the events, as many as it has places for. */
  async #drained(): Promise<void> {
    const { signal } = this.#hurry
    const { output } = this.#terminal
    // Where it breaks instead, its owner ends us.
    if (output.writableNeedDrain) await once(output, 'drain', { signal }).catch(() => {})
  }

  /** Says line after line, as fast as the neighbors take them, until the input ends. */
  async say(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { input: given, errors } = this.#terminal
    const input = new LineCutter()
    given.on('error', ({ message }) => {
      errors.write(`The input can’t be read any more: ${printable(message)}\n`)
      input.end()
    })
    const lines = createInterface({ input: given.pipe(input), signal })
    let isSettled = false
    for await (const line of lines) {
      if (line.trim() === '') continue
      // What is piped in comes before there is anyone to hear it.
      if (!isSettled) await this.#searched(signal)
      isSettled = true
      await this.#sayOne(line)
      if (signal.aborted) break
    }
  }

  async #sayOne(line: string): Promise<void> {
    try {
      await this.#topic.broadcast(encodeSaid(this.#nick, line))
    } catch (error) {
      if (!(error instanceof GossamerError)) throw error
      this.#terminal.errors.write(`Not sent: ${error.message}\n`)
    }
  }

  /** Until a neighbor was found, or the first search is over. */
  async #searched(signal: AbortSignal): Promise<void> {
    const topic = this.#topic
    while (topic.state === 'connecting' && !signal.aborted) {
      await new Promise<void>(resolve => {
        topic.addEventListener('state', () => resolve(), { once: true })
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  #sees({ peer, value }: PresenceChange): void {
    const nick = value && decodeShows(value)?.nick
    this.#around(peer, { isShown: value !== undefined })
    const known = this.#others.get(peer)
    if (known === undefined || nick === undefined || known.nick === nick) return
    known.nick = nick
    this.#print(`* ${shortId(peer)} is ${printable(nick)}`)
  }

  /** Somebody is here as long as they are a neighbor or show themselves. */
  #around(peer: PeerId, change: Partial<Other>): void {
    const before = this.#others.get(peer)
    const now = { ...(before ?? NOBODY), ...change }
    const isHere = now.isNeighbor || now.isShown
    if (isHere) this.#others.set(peer, now)
    else this.#others.delete(peer)
    if (isHere && before === undefined) this.#print(`+ ${shortId(peer)} came`)
    if (!isHere && before !== undefined) {
      this.#print(`- ${shortId(peer)} went${now.reason === '' ? '' : ` (${now.reason})`}`)
    }
  }
  readonly #others = new Map<PeerId, Other>()

  #status(): void {
    const { state, stateReason } = this.#topic
    const line = `* ${state}: ${printable(stateReason)}`
    if (line !== this.#lastStatus) this.#print(line)
    this.#lastStatus = line
  }
  #lastStatus = ''

  #print(line: string): void {
    const { output } = this.#terminal
    if (output.writableNeedDrain) {
      this.#leftOut++
      return
    }
    if (this.#leftOut > 0) output.write(`* ${this.#leftOut} lines were left out\n`)
    this.#leftOut = 0
    output.write(`${line}\n`)
  }
  /** Because the terminal was too slow. */
  #leftOut = 0
}

/** What is known of somebody. There are no more than neighbors, and peers that the node keeps the presence of. */
interface Other {
  isNeighbor: boolean
  isShown: boolean
  nick: string
  /** Why the link to them went. */
  reason: string
}

const NOBODY: Other = { isNeighbor: false, isShown: false, nick: '', reason: '' }

function lineOf(event: GossipEvent): string | undefined {
  switch (event.type) {
    case 'received': {
      const said = decodeSaid(event.content)
      const nick = said.kind === 'chat' ? `${said.nick} ` : ''
      const picture = said.kind === 'chat' ? said.picture : undefined
      const shown =
        picture === undefined ? '' : ` [a picture: ${picture.alt || 'of what, it says not'}]`
      return `${printable(nick)}(${shortId(event.author)}): ${printable(said.text + shown)}`
    }
    case 'lagged':
      return `* ${event.count} events were dropped: this terminal is too slow`
    case 'mismatch':
      return `* ${shortId(event.peer)} has this topic open with another ${event.field}`
    case 'joinFailed':
      return `* ${shortId(event.peer)} could not be joined: ${printable(event.reason)}`
    case 'peerBlamed':
      return `* ${shortId(event.peer)} broke the protocol (${event.reason})`
    default:
      return undefined
  }
}

/** Terminals obey what they are shown: nothing invisible gets there. */
function printable(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/(?!\u200d)\p{C}/gu, '')
}

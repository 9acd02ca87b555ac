// One visit to one room: opens the node, joins the topic, and keeps what the page shows as a snapshot that
// is replaced, never changed. No DOM here.

import { Gossip, type GossipTopic } from 'gossamer'
import type { ChatAddress } from './address.js'
import {
  type Cleared,
  endOf,
  type Failure,
  failureOf,
  noticeOf,
  type PageNotice,
  sentence,
  unreadable,
  wordsOf,
} from './failures.js'
import { Here, type Present } from './here.js'
import { type JournalKind, type JournalLine, lineOf, nameIn, withLine } from './journal.js'
import type { Heard } from './mesh/traffic.js'
import { decodeSaid, encodeSaid, type Picture, type Said } from './payload.js'
import { namesOf } from './people.js'
import { insertByTime } from './rows.js'
import { stateInWords } from './words.js'

export interface ChatView {
  nick: string
  /** Empty until the node is open. */
  peerId: string
  state: GossipTopic['state']
  reason: string
  neighbors: readonly string[]
  /** Who shows that they are here, or did until they went. */
  here: ReadonlyMap<string, Present>
  /** The name each author last used here. */
  nicks: ReadonlyMap<string, string>
  /** Payload bytes one message may have; undefined until the node is open. */
  maxMessageBytes: number | undefined
  /** By time: our clock for what came live. */
  entries: readonly Entry[]
  /** Entries that made room for newer ones. */
  dropped: number
  notices: readonly PageNotice[]
  /** Peers that are other tabs of this browser. */
  ownTabs: ReadonlySet<string>
  journal: readonly JournalLine[]
  /** Signaling was cut on purpose. */
  isCut: boolean
  /** How many messages are known to exist, and how many of them are here. */
  kept: { synced: boolean; have: number; known: number }
  /** Why there is no chat, where there is none. */
  failure: Failure | undefined
}

export interface Entry {
  /** The page's own count. A message that came twice would show twice: the page hides nothing. */
  key: number
  author: string
  nick: string | undefined
  said: Said
  /** Our clock, epoch milliseconds; of what was said before we came, its author's. */
  at: number
  way: Way
}

export type Way =
  | { kind: 'sending' }
  | { kind: 'sent'; id: string; neighbors: number }
  /** Of an earlier visit, or from before this page read it: it was here already. */
  | { kind: 'kept'; id: string; payloadBytes: number }
  | {
      kind: 'received'
      id: string
      /** Said before, and kept by whoever brought it. */
      fromHistory: boolean
      round: number
      delayMs: number
      deliveredFrom: string
      verified: boolean
      payloadBytes: number
    }

export type SayOutcome = { sent: true } | { sent: false; why: string }

export class Chat {
  view: ChatView
  gossip: Gossip | undefined
  topic: GossipTopic | undefined
  private here: Here | undefined
  private readonly listeners = new Set<() => void>()
  private readonly hearers = new Set<(heard: Heard) => void>()
  private announced = true
  /** The room has opened; what it then was is another matter. */
  private wasIn = false
  private lastKey = 0
  private lowestKey = 0

  constructor(
    private readonly address: ChatAddress,
    nick: string,
  ) {
    this.view = {
      nick,
      peerId: '',
      state: 'connecting',
      reason: 'Starting the node.',
      neighbors: [],
      here: new Map(),
      nicks: new Map(),
      maxMessageBytes: undefined,
      entries: [],
      dropped: 0,
      notices: [],
      ownTabs: new Set(),
      journal: [],
      isCut: false,
      kept: { synced: false, have: 0, known: 0 },
      failure: undefined,
    }
  }

  /** Called after every change, at most once a task. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Called for each message, own ones too, when it is there. Returns how to stop. */
  onHeard(hearer: (heard: Heard) => void): () => void {
    this.hearers.add(hearer)
    return () => this.hearers.delete(hearer)
  }

  /** Opens the node and the topic; what goes wrong becomes `view.failure`. */
  async open(): Promise<void> {
    try {
      const { signaling, link, storage, room, membership, history } = this.address
      this.gossip = await Gossip.open({
        signaling,
        ...(link !== undefined && { link: link as 'auto' }),
        ...(storage !== undefined && { storage: storage as 'memory' }),
      })
      for (const notice of this.gossip.notices) this.take(noticeOf(notice))
      this.gossip.addEventListener('notice', ({ detail }) => this.take(noticeOf(detail)))
      this.topic = this.gossip.subscribe(room, {
        ...(membership !== undefined && { membership: membership as 'full-mesh' }),
        history: history === 'none' ? history : { protocol: history as 'wavefront' },
      })
      this.change({ peerId: this.gossip.peerId, maxMessageBytes: this.gossip.maxMessageSize })
    } catch (error) {
      this.fail(error)
      // Of a node whose topic was refused, nothing is left running; the failure shown is the topic's.
      await this.gossip?.shutdown().catch(() => {})
      return
    }
    this.topic.addEventListener('state', () => this.takeStatus())
    this.topic.addEventListener('history', ({ detail: kept }) => this.change({ kept }))
    if (this.address.history !== 'none') void this.readKept(this.topic)
    this.takeStatus()
    this.here = new Here(this.topic, this.view.nick, peer => this.takeHere(peer))
    void this.read(this.topic)
  }

  rename(nick: string): void {
    this.change({ nick })
    this.here?.rename(nick)
  }

  /** The text in the field changed; the others see that one is typing. */
  typing(text: string): void {
    if (text === '') this.here?.stopped()
    else this.here?.typing()
  }

  /** Resolves when the mesh has the message, or with the reason why it was not sent. */
  async say(text: string, picture?: Picture): Promise<SayOutcome> {
    const { topic } = this
    const { nick, peerId } = this.view
    if (topic === undefined)
      return { sent: false, why: 'Not connected yet. Your text is still here.' }
    this.here?.stopped()
    const key = ++this.lastKey
    try {
      const sending = topic.broadcast(encodeSaid(nick, text, picture))
      this.add({
        key,
        author: peerId,
        nick,
        said: { kind: 'chat', nick, text, ...(picture !== undefined && { picture }) },
        at: Date.now(),
        way: { kind: 'sending' },
      })
      const { id, neighbors } = await sending
      this.forgetKept(id)
      for (const hear of this.hearers) hear({ kind: 'said', author: peerId })
      this.replace(key, entry => ({ ...entry, way: { kind: 'sent', id, neighbors } }))
      return { sent: true }
    } catch (error) {
      this.change({ entries: this.view.entries.filter(entry => entry.key !== key) })
      return { sent: false, why: wordsOf(error) }
    }
  }

  /** Payload bytes this would take. */
  bytesOf(text: string, picture?: Picture): number {
    return encodeSaid(this.view.nick, text, picture).length
  }

  /** Something the page itself noticed. */
  show(notice: PageNotice): void {
    this.take(notice)
  }

  dismiss(code: string): void {
    this.change({ notices: this.view.notices.filter(notice => notice.code !== code) })
  }

  /** Signaling was cut on purpose, or mended. */
  setCut(isCut: boolean): void {
    this.change({ isCut })
  }

  setOwnTabs(peers: Iterable<string>): void {
    this.change({ ownTabs: new Set(peers) })
  }

  /** One more line in the event log. */
  note(kind: JournalKind, text: string): void {
    this.change({ journal: withLine(this.view.journal, { at: Date.now(), kind, text }) })
  }

  private async read(topic: GossipTopic): Promise<void> {
    try {
      for await (const event of topic) {
        const line = lineOf(event, peer => nameIn(namesOf(this.view), peer))
        if (line !== undefined) this.note(line.kind, line.text)
        if (event.type === 'received') this.receive(event)
        else this.take(noticeOf(event))
      }
    } catch (error) {
      this.fail(error)
    }
  }

  /** What is here already, so that a reload shows the room at once, alone and offline too. */
  private async readKept(topic: GossipTopic): Promise<void> {
    try {
      for await (const { id, author, time, content } of topic.history({ limit: MOST_ENTRIES })) {
        const isShown = this.view.entries.some(({ way }) => way.kind !== 'sending' && way.id === id)
        if (isShown) continue
        const said = decodeSaid(content)
        const nick = said.kind === 'chat' ? said.nick : undefined
        if (nick !== undefined && !this.view.nicks.has(author)) this.remember(author, nick)
        this.add({
          // Below all others: nobody has yet to see them.
          key: --this.lowestKey,
          author,
          nick: nick ?? this.view.nicks.get(author),
          said,
          at: Math.min(time, Date.now()),
          way: { kind: 'kept', id, payloadBytes: content.length },
        })
      }
    } catch (error) {
      // A room that was left meanwhile needs no more of it.
      if (this.view.state !== 'closed') this.take(unreadable(error))
    }
  }

  /** It has come another way meanwhile. */
  private forgetKept(id: string): void {
    const isTwin = ({ way }: Entry) => way.kind === 'kept' && way.id === id
    if (!this.view.entries.some(isTwin)) return
    this.change({ entries: this.view.entries.filter(entry => !isTwin(entry)) })
  }

  private receive(event: Received): void {
    this.forgetKept(event.id)
    const said = decodeSaid(event.content)
    const nick = said.kind === 'chat' ? said.nick : undefined
    if (nick !== undefined && this.view.nicks.get(event.author) !== nick)
      this.remember(event.author, nick)
    const { author, deliveredFrom, scope } = event
    // What comes from history travelled long ago.
    if (scope.kind !== 'history') {
      for (const hear of this.hearers) {
        hear({ kind: 'received', author, deliveredFrom, scope: scope.kind })
      }
    }
    const { fromHistory } = event
    const now = Date.now()
    const at = fromHistory ? Math.min(event.time, now) : now
    this.add({
      key: ++this.lastKey,
      author: event.author,
      nick: nick ?? this.view.nicks.get(event.author),
      said,
      at,
      way: {
        kind: 'received',
        id: event.id,
        fromHistory,
        round: event.scope.kind === 'swarm' ? event.scope.round : 0,
        delayMs: now - event.time,
        deliveredFrom: event.deliveredFrom,
        verified: event.verified,
        payloadBytes: event.content.length,
      },
    })
  }

  private takeStatus(): void {
    const { topic } = this
    if (topic === undefined) return
    const { state, stateReason: reason, neighbors } = topic
    this.wasIn ||= state !== 'connecting' && state !== 'closed'
    if (state !== this.view.state) this.note('state', `${stateInWords(state)}. ${reason}`)
    this.change({ state, reason, neighbors: [...neighbors] })
  }

  private takeHere(peer: string): void {
    const here = this.here?.others ?? new Map<string, Present>()
    const nick = here.get(peer)?.nick
    if (nick !== undefined && this.view.nicks.get(peer) !== nick) this.remember(peer, nick)
    this.change({ here })
  }

  private take(notice: PageNotice | Cleared | undefined): void {
    if (notice === undefined) return
    if ('cleared' in notice) {
      const stood = this.view.notices.some(({ code }) => code === notice.cleared)
      if (stood && notice.text !== undefined) this.note('notice', notice.text)
      return this.dismiss(notice.cleared)
    }
    const before = this.view.notices.find(({ code }) => code === notice.code)
    const others = this.view.notices.filter(one => one !== before)
    const times = (before?.times ?? 0) + 1
    if (notice.text !== before?.text) this.note('notice', notice.text)
    this.change({ notices: [...others, { ...notice, times }].slice(-MOST_NOTICES) })
  }

  /** Before there was a room, the failure takes its place; later, what was said stays. */
  private fail(error: unknown): void {
    this.change({ state: 'closed', reason: sentence(wordsOf(error)), neighbors: [] })
    if (!this.wasIn && this.view.entries.length === 0) this.change({ failure: failureOf(error) })
    else this.take(endOf(error))
  }

  private remember(author: string, nick: string): void {
    const nicks = new Map(this.view.nicks)
    nicks.delete(author)
    nicks.set(author, nick)
    if (nicks.size > MOST_NICKS) nicks.delete(nicks.keys().next().value!)
    this.change({ nicks })
  }

  private add(entry: Entry): void {
    const entries = insertByTime(this.view.entries, entry)
    const over = Math.max(0, entries.length - MOST_ENTRIES)
    this.change({ entries: entries.slice(over), dropped: this.view.dropped + over })
  }

  private replace(key: number, by: (entry: Entry) => Entry): void {
    this.change({
      entries: this.view.entries.map(entry => (entry.key === key ? by(entry) : entry)),
    })
  }

  /** A burst of messages becomes one rendering: listeners hear of it in a task of its own. */
  private change(part: Partial<ChatView>): void {
    this.view = { ...this.view, ...part }
    if (!this.announced) return
    this.announced = false
    setTimeout(() => {
      this.announced = true
      for (const listener of this.listeners) listener()
    })
  }
}

type Received = Extract<TopicEventOf<GossipTopic>, { type: 'received' }>
type TopicEventOf<T> = T extends AsyncIterable<infer E> ? E : never

/** Messages on the page; a browser lays this many out without a stutter. Guess. */
export const MOST_ENTRIES = 500

/** Authors whose names are kept for messages that carry none. Guess. */
const MOST_NICKS = 500

/** More than these nobody reads. Guess. */
const MOST_NOTICES = 5

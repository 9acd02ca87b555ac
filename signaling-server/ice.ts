// The ICE servers that clients are told of.
import { createHmac } from 'node:crypto'
import * as v from 'valibot'
import { type PeerId, shortId } from '../src/core/ids.js'
import type { IceServer } from '../src/signaling/ice-server.js'
import { iceServers } from '../src/signaling/messages.js'

/** The same servers for everyone, or some made for each peer and made anew from time to time. */
export type IceSource =
  | readonly IceServer[]
  | {
      /**
       * At once, or later where a provider has to be asked; a client that comes waits for them, five seconds at most. Where
       * they can't be had, a client keeps those that it has, and one that comes gets none.
       */
      servers: (peer: PeerId) => IceServer[] | Promise<IceServer[]>
      /** How often a connected client gets new ones, milliseconds. */
      refreshMs: number
    }

/** Options of `turnCredentials`. */
export interface TurnOptions {
  /** turn: and turns: URLs of one server. */
  urls: string[]
  /** The secret shared with the TURN server (coturn: `static-auth-secret`). */
  secret: string
  /** How long a credential is good, seconds. */
  ttlSeconds: number
  /** Others to list beside it, such as STUN. Default none. */
  others?: readonly IceServer[]
}

/**
 * Credentials that run out, as TURN servers with a shared secret check them ("TURN REST API"): the user name is
 * the end of validity in Unix seconds and a label, the password the base64 HMAC-SHA1 of that name. Renewed at half their life.
 */
export function turnCredentials(
  { urls, secret, ttlSeconds, others = [] }: TurnOptions,
  unixMs: () => number = Date.now,
): IceSource {
  return {
    refreshMs: (ttlSeconds * 1000) / 2,
    servers: peer => {
      const username = `${Math.floor(unixMs() / 1000) + ttlSeconds}:${shortId(peer)}`
      const credential = createHmac('sha1', secret).update(username).digest('base64')
      return [...others, { urls, username, credential }]
    },
  }
}

/** As clients can read them, in JSON; undefined where they could not. */
export function readIceServers(given: unknown): IceServer[] | undefined {
  let json: string | undefined
  try {
    json = JSON.stringify(given)
  } catch {
    return undefined
  }
  const parsed = v.safeParse(iceServers, JSON.parse(json ?? 'null'))
  return parsed.success ? parsed.output : undefined
}

type Tell = (servers: IceServer[] | undefined) => void

interface Waiting {
  tell: Tell
  readonly late: NodeJS.Timeout
}

/** Asks the source for a peer's servers; for one peer, and of an answer that is many peers', once at a time. */
export class IceServers {
  private readonly waiting = new Map<PeerId, Waiting>()
  /** Who waits for an answer that has not come. One that never does keeps nothing of those who gave up. */
  private readonly answers = new WeakMap<object, Set<PeerId>>()

  /** `failed` hears why some can't be had. */
  constructor(
    private readonly source: IceSource,
    private readonly failed: (why: string) => void,
  ) {}

  /** How often a connected client gets new ones, milliseconds. */
  get refreshMs(): number {
    return 'refreshMs' in this.source ? this.source.refreshMs : Infinity
  }

  /**
   * `tell` is called once: now, or when they are there; with undefined where they can't be had, or the same peer asks again
   * before.
   */
  ask(peer: PeerId, tell: Tell): void {
    const { source } = this
    if (!('servers' in source)) return tell([...source])
    const before = this.waiting.get(peer)
    if (before !== undefined) {
      const { tell: older } = before
      before.tell = tell
      return older(undefined)
    }
    if (this.waiting.size >= MOST_WAITING)
      return tell(this.none(`has ${MOST_WAITING} answers to give`))
    let given: unknown
    try {
      given = source.servers(peer)
      if (isThenable(given)) return this.wait(peer, given, tell)
    } catch (error) {
      return tell(this.none(`threw: ${wordsOf(error)}`))
    }
    tell(this.read(given))
  }

  private wait(peer: PeerId, given: PromiseLike<unknown>, tell: Tell): void {
    const peers = this.answers.get(given) ?? this.peersOf(given)
    peers.add(peer)
    const late = setTimeout(() => {
      this.end(peers, peer, this.none(`failed: no answer within ${ANSWERS_WITHIN_MS / 1000} s`))
    }, ANSWERS_WITHIN_MS)
    this.waiting.set(peer, { tell, late: late.unref() })
  }

  private peersOf(given: PromiseLike<unknown>): Set<PeerId> {
    const peers = new Set<PeerId>()
    this.answers.set(given, peers)
    const settle = (read: () => IceServer[] | undefined) => {
      this.answers.delete(given)
      if (peers.size === 0) return
      const servers = read()
      for (const peer of [...peers]) this.end(peers, peer, servers)
    }
    Promise.resolve(given).then(
      servers => settle(() => this.read(servers)),
      error => settle(() => this.none(`failed: ${wordsOf(error)}`)),
    )
    return peers
  }

  private end(peers: Set<PeerId>, peer: PeerId, servers: IceServer[] | undefined): void {
    peers.delete(peer)
    const waiting = this.waiting.get(peer)
    clearTimeout(waiting?.late)
    this.waiting.delete(peer)
    waiting?.tell(servers)
  }

  private read(given: unknown): IceServer[] | undefined {
    return readIceServers(given) ?? this.none('gave what is no list of at most 16 ICE servers')
  }

  private none(why: string): undefined {
    this.failed(`iceServers.servers ${why}. Clients that come get none.`)
  }
}

function isThenable(given: unknown): given is PromiseLike<unknown> {
  return typeof (given as { then?: unknown } | undefined)?.then === 'function'
}

/** Anything may be thrown. */
function wordsOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'without words'
  }
}

/** Of the 15 s in which a client wants to be ready. */
const ANSWERS_WITHIN_MS = 5_000

/** Whom a provider is asked for at once: whoever proves many keys makes it no busier. Guess. */
const MOST_WAITING = 1_000

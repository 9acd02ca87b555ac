// What `createSignalingServer` is given, checked: what clients could not read would shut them out later, and nobody would know
// why.
import type { Server } from 'node:http'
import { LARGEST_TEXT_BYTES, MOST_INTRODUCED } from '../src/signaling/messages.js'
import { type IceSource, readIceServers } from './ice.js'
import { LIMITS, type Limits } from './limits.js'

/** Options of `createSignalingServer`. All may be left out; a key that is not here is refused. */
export interface SignalingServerOptions {
  /**
   * An HTTP server to attach to; it stays the caller's, who listens and closes. Without it one is made, which
   * answers /healthz and nothing else: `signaling.server.listen(port)`.
   */
  server?: Server
  /** Where sockets are taken; '/signaling' unless told. */
  path?: string
  /** What clients use for ICE, 16 at most; none unless told. */
  iceServers?: IceSource
  /** Any of the limits, whole numbers; the rest as in `LIMITS`. */
  limits?: Partial<Limits>
  /**
   * The host names, with port where it is not the scheme's own, by which clients know this server. Unless told,
   * the Host header of each connection is believed: enough to try things out, but then a server that
   * clients trust could pose as them here.
   */
  origin?: string | readonly string[]
  /** Behind a proxy: take the client's address from the last entry of X-Forwarded-For. Default false. */
  trustProxy?: boolean
  /** Gets a line where someone could act, the same at most once a minute. Never what peers say. Default: nobody does. */
  log?: (line: string) => void
}

export interface CheckedOptions {
  server: Server | undefined
  path: string
  iceServers: IceSource
  limits: Limits
  origins: readonly string[] | undefined
  trustProxy: boolean
  log: (line: string) => void
}

/** Throws a TypeError that names the option. */
export function checkOptions(given: SignalingServerOptions): CheckedOptions {
  keysOf('options', given, KEYS)
  const { server, path = '/signaling', origin, trustProxy = false, log = () => {} } = given
  if (server !== undefined && typeof server?.on !== 'function')
    refuse('server', 'an HTTP server of Node')
  if (typeof path !== 'string' || !/^\/[^?#\s]*$/.test(path))
    refuse('path', 'a path that begins with /, without query')
  if (typeof trustProxy !== 'boolean') refuse('trustProxy', 'true or false')
  if (typeof log !== 'function') refuse('log', 'a function')
  return {
    server,
    path,
    iceServers: checkIceServers(given.iceServers ?? []),
    limits: checkLimits(given.limits ?? {}),
    origins: origin === undefined ? undefined : checkOrigin(origin),
    trustProxy,
    log,
  }
}

/** A host name or address, lower case, with port where it is not the scheme's own. */
export function isOrigin(host: string): boolean {
  return /^([a-z\d._-]+|\[[\da-f:.]+\])(:\d{1,5})?$/.test(host)
}

function checkIceServers(given: IceSource): IceSource {
  if (typeof given === 'object' && given !== null && 'servers' in given) {
    if (typeof given.servers !== 'function') refuse('iceServers.servers', 'a function')
    if (!(given.refreshMs > 0)) refuse('iceServers.refreshMs', 'a number of milliseconds above 0')
    return given
  }
  return readIceServers(given) ?? refuse('iceServers', ICE_SERVERS)
}

function checkLimits(given: Partial<Limits>): Limits {
  const names = Object.keys(LIMITS) as (keyof Limits)[]
  keysOf('limits', given, names)
  const limits = { ...LIMITS }
  for (const name of names) {
    const value = given[name]
    if (value === undefined) continue
    const [least, most] = RANGES[name] ?? ANY
    if (!Number.isSafeInteger(value) || value < least || value > most)
      refuse(`limits.${name}`, `a whole number from ${least} to ${most}`)
    limits[name] = value
  }
  return limits
}

function checkOrigin(given: string | readonly string[]): string[] {
  const hosts: unknown[] = [given].flat()
  if (hosts.length === 0) refuse('origin', 'one host name at least')
  return hosts.map(host => {
    const lower = typeof host === 'string' ? host.toLowerCase() : ''
    return isOrigin(lower)
      ? lower
      : refuse('origin', "a host name as in clients' URLs, with port where it is not the scheme's")
  })
}

function keysOf(what: string, given: unknown, allowed: readonly string[]): void {
  if (typeof given !== 'object' || given === null) refuse(what, 'an object')
  for (const key of Object.keys(given as object))
    if (!allowed.includes(key))
      throw new TypeError(`${what} has no ${key}; there are ${allowed.join(', ')}.`)
}

function refuse(what: string, allowed: string): never {
  throw new TypeError(`${what} must be ${allowed}.`)
}

const ICE_SERVERS =
  'a list of at most 16 ICE servers, each with urls (stun: or turn:) and perhaps username and credential, of 512 letters'

const KEYS: (keyof SignalingServerOptions)[] = [
  'server',
  'path',
  'iceServers',
  'limits',
  'origin',
  'trustProxy',
  'log',
]

/** What clients are told may be no more (src/signaling/messages.ts). */
const ANY = [1, 2 ** 30] as const
/** Timers count in 32 bits. */
const MS = [1, 2 ** 31 - 2] as const
const RANGES: Partial<Record<keyof Limits, readonly [least: number, most: number]>> = {
  // A greeting has some hundred.
  messageBytes: [1_024, LARGEST_TEXT_BYTES],
  patience: [0, 2 ** 30],
  introductions: [0, MOST_INTRODUCED],
  heartbeatMs: [1_000, 300_000],
  handshakeTimeoutMs: MS,
  pingIntervalMs: MS,
}

// What the command reads from its environment: each variable checked, each fault named.
import * as v from 'valibot'
import type { IceServer } from '../src/signaling/ice-server.js'
import { iceServers as iceServersSchema } from '../src/signaling/messages.js'
import { type IceSource, readIceServers, turnCredentials } from './ice.js'
import { isOrigin } from './options.js'

/** The variables of `gossamer-signaling`, read. */
export interface Environment {
  /** `PORT`, 0 to 65,535; 0 takes a free one. Default 8787. */
  port: number
  /** `HOST`, an address to listen on. Default 127.0.0.1. */
  host: string
  /** What `ICE_SERVERS` and the `TURN_` variables come to; for `createSignalingServer`. Default none. */
  iceServers: IceSource
  /** `ORIGIN`, host names in lower case; for `createSignalingServer`. Default undefined. */
  origin: string[] | undefined
  /** `TRUST_PROXY`; for `createSignalingServer`. Default false. */
  trustProxy: boolean
}

/** What `readEnvironment` says. */
export type ReadEnvironment =
  | { ok: true; value: Environment }
  /** One sentence per fault. */
  | { ok: false; faults: string[] }

/**
 * Reads the command's variables. An empty one counts as not set. Secrets are not repeated in faults. `nameOf` says how faults
 * call a variable that came by another way, such as a flag.
 */
export function readEnvironment(
  variables: Record<string, string | undefined>,
  nameOf: (variable: string) => string = variable => variable,
): ReadEnvironment {
  const faults: string[] = []
  const read = <T>(name: string, reader: (text: string) => T | Fault, otherwise: T): T => {
    const text = variables[name]?.trim()
    if (text === undefined || text === '') return otherwise
    const value = reader(text)
    if (!(value instanceof Fault)) return value
    faults.push(`${nameOf(name)} ${value.message}`)
    return otherwise
  }

  const port = read('PORT', wholeNumber(0, 65_535), 8787)
  const host = read('HOST', text => text, '127.0.0.1')
  const listed = read('ICE_SERVERS', iceServers, [])
  const urls = read('TURN_URL', turnUrls, undefined)
  const secret = read('TURN_SECRET', text => text, undefined)
  const username = read('TURN_USERNAME', text => text, undefined)
  const credential = read('TURN_CREDENTIAL', text => text, undefined)
  const ttlSeconds = read('TURN_TTL_S', wholeNumber(60, 7 * 86_400), 86_400)
  const origin = read('ORIGIN', origins, undefined)
  const trustProxy = read('TRUST_PROXY', yesOrNo, false)
  const turn = turnServers({ urls, secret, username, credential, ttlSeconds, listed })
  // A URL that is wrong has a fault already.
  if (turn instanceof Fault && !faults.some(fault => fault.startsWith(nameOf('TURN_URL')))) {
    faults.push(turn.message.replace(/TURN_URL/, nameOf))
  }
  if (faults.length > 0 || turn instanceof Fault) return { ok: false, faults }
  return { ok: true, value: { port, host, iceServers: turn, origin, trustProxy } }
}

/** What is allowed and yet unwise, one sentence each. */
export function warningsOf({ host, origin }: Environment): string[] {
  const strangers = !/^(localhost|127\.[\d.]+|::1)$/.test(host)
  if (!strangers || origin !== undefined) return []
  return [
    'ORIGIN is not set: a server that clients trust could pose as them here. --help says more.',
  ]
}

/** A TURN server asks for credentials: made here from a secret shared with it, or the same for everybody. */
function turnServers(turn: {
  urls: string[] | undefined
  secret: string | undefined
  username: string | undefined
  credential: string | undefined
  ttlSeconds: number
  listed: IceServer[]
}): IceSource | Fault {
  const { urls, secret, username, credential, ttlSeconds, listed: others } = turn
  const set = { TURN_SECRET: secret, TURN_USERNAME: username, TURN_CREDENTIAL: credential }
  const [given] = Object.entries(set).flatMap(([name, text]) => (text === undefined ? [] : [name]))
  if (urls === undefined) {
    return given === undefined
      ? others
      : new Fault(`TURN_URL is missing: ${given} alone is of no use.`)
  }
  if (readIceServers([...others, { urls, username, credential }]) === undefined) {
    return new Fault(
      'TURN_URL makes a list that clients can not read: ICE_SERVERS may have 15 beside it, TURN_USERNAME and TURN_CREDENTIAL 512 letters.',
    )
  }
  if (secret !== undefined) {
    if (username === undefined && credential === undefined) {
      return turnCredentials({ urls, secret, ttlSeconds, others })
    }
    return new Fault('TURN_SECRET makes credentials: leave out TURN_USERNAME and TURN_CREDENTIAL.')
  }
  if (username !== undefined && credential !== undefined) {
    return [...others, { urls, username, credential }]
  }
  if (given === undefined) {
    return new Fault(
      'TURN_SECRET is missing: TURN_URL alone is of no use. TURN_USERNAME and TURN_CREDENTIAL do as well.',
    )
  }
  const missing = username === undefined ? 'TURN_USERNAME' : 'TURN_CREDENTIAL'
  return new Fault(`${missing} is missing: ${given} alone is of no use.`)
}

class Fault {
  constructor(readonly message: string) {}
}

function wholeNumber(least: number, most: number) {
  return (text: string): number | Fault => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    return new Fault(`is "${text}"; it must be a whole number from ${least} to ${most}.`)
  }
}

function yesOrNo(text: string): boolean | Fault {
  if (text === '1' || text === 'true') return true
  if (text === '0' || text === 'false') return false
  return new Fault(`is "${text}"; it must be 1 or 0.`)
}

function iceServers(text: string): IceServer[] | Fault {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return new Fault('is not JSON. Example: [{"urls":"stun:stun.example.org"}]')
  }
  const parsed = v.safeParse(iceServersSchema, value)
  if (parsed.success) return parsed.output
  const place = v.getDotPath(parsed.issues[0]) ?? 'it'
  return new Fault(
    `is not a list of ICE servers (at most 16), wrong at ${place}. Example: [{"urls":"stun:stun.example.org"}]`,
  )
}

function turnUrls(text: string): string[] | Fault {
  const urls = text.split(',').map(url => url.trim())
  if (urls.length <= 8 && urls.every(url => /^turns?:\S{1,500}$/.test(url))) return urls
  return new Fault(
    `is "${text}"; it must be up to 8 turn: or turns: URLs with commas between. Example: turn:turn.example.org:3478?transport=udp`,
  )
}

function origins(text: string): string[] | Fault {
  const hosts = text.split(',').map(host => host.trim().toLowerCase())
  if (hosts.every(isOrigin)) return hosts
  return new Fault(
    `is "${text}"; it must be host names as in clients' URLs, with commas between. Example: signaling.example.org`,
  )
}

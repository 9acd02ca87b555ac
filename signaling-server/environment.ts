// What the command reads from its environment: each variable checked, each fault named.
import type { IceServer } from '../src/signaling/ice-server.js'
import { parseIceServers } from '../src/signaling/messages.js'
import { type IceSource, turnCredentials } from './ice.js'

export interface Environment {
  port: number
  host: string
  iceServers: IceSource
  origin: string[] | undefined
  trustProxy: boolean
}

export type ReadEnvironment =
  | { ok: true; value: Environment }
  /** One sentence per fault. */
  | { ok: false; faults: string[] }

/** Reads the command's variables. An empty one counts as not set. Secrets are not repeated in faults. */
export function readEnvironment(variables: Record<string, string | undefined>): ReadEnvironment {
  const faults: string[] = []
  const read = <T>(name: string, reader: (text: string) => T | Fault, otherwise: T): T => {
    const text = variables[name]?.trim()
    if (text === undefined || text === '') return otherwise
    const value = reader(text)
    if (!(value instanceof Fault)) return value
    faults.push(`${name} ${value.message}`)
    return otherwise
  }

  const port = read('PORT', wholeNumber(0, 65_535), 8787)
  const host = read('HOST', text => text, '127.0.0.1')
  const listed = read('ICE_SERVERS', iceServers, [])
  const urls = read('TURN_URL', turnUrls, undefined)
  const secret = read('TURN_SECRET', text => text, undefined)
  const ttlSeconds = read('TURN_TTL_S', wholeNumber(60, 7 * 86_400), 86_400)
  const origin = read('ORIGIN', origins, undefined)
  const trustProxy = read('TRUST_PROXY', yesOrNo, false)
  if ((urls === undefined) !== (secret === undefined)) {
    const [set, missing] = urls ? ['TURN_URL', 'TURN_SECRET'] : ['TURN_SECRET', 'TURN_URL']
    if (!faults.some(fault => fault.startsWith('TURN_URL'))) {
      faults.push(`${missing} is missing: ${set} alone is of no use.`)
    }
  }
  if (faults.length > 0) return { ok: false, faults }
  const source =
    urls !== undefined && secret !== undefined
      ? turnCredentials({ urls, secret, ttlSeconds, others: listed })
      : listed
  return { ok: true, value: { port, host, iceServers: source, origin, trustProxy } }
}

/** What is allowed and yet unwise. */
export function warningsOf({ host, origin }: Environment): string[] {
  const strangers = !/^(localhost|127\.[\d.]+|::1)$/.test(host)
  if (!strangers || origin !== undefined) return []
  return [
    'ORIGIN is not set: a server that clients trust could pose as them here. --help says more.',
  ]
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
  const parsed = parseIceServers(value)
  if (parsed.ok) return parsed.value
  const place = parsed.place || 'it'
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
  if (hosts.every(host => /^([a-z\d._-]+|\[[\da-f:.]+\])(:\d{1,5})?$/.test(host))) return hosts
  return new Fault(
    `is "${text}"; it must be host names as in clients' URLs, with commas between. Example: signaling.example.org`,
  )
}

// The ICE servers that clients are told of.
import { createHmac } from 'node:crypto'
import { type PeerId, shortId } from '../src/core/ids.js'
import type { IceServer } from '../src/signaling/ice-server.js'

/** The same servers for everyone, or some made for each peer and made anew from time to time. */
export type IceSource =
  | readonly IceServer[]
  | {
      servers: (peer: PeerId) => IceServer[]
      /** How often a connected client gets new ones, milliseconds. */
      refreshMs: number
    }

export interface TurnOptions {
  /** turn: and turns: URLs of one server. */
  urls: string[]
  /** The secret shared with the TURN server (coturn: `static-auth-secret`). */
  secret: string
  /** How long a credential is good, seconds. */
  ttlSeconds: number
  /** Others to list beside it, such as STUN. */
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

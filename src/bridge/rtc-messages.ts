import type { PeerId } from '../core/ids.js'

// The page as a peripheral: it makes connections where the worker tells it and lends their channels.
// Nothing is decided here. A connection is named by peer and epoch; what concerns an older epoch is dropped.

/** Page → node. */
export type RtcReport =
  /** The channel is in the transfer list; set its handlers in the task that receives it. */
  | { type: 'rtc-lent'; peer: PeerId; epoch: number; channel: unknown }
  /** The channel could not be transferred: bytes will come over this port. */
  | { type: 'rtc-relaying'; peer: PeerId; epoch: number }
  | { type: 'rtc-relay-open'; peer: PeerId; epoch: number }
  | { type: 'rtc-relay-packets'; peer: PeerId; epoch: number; packets: Uint8Array[] }
  /** What the channel still holds, bytes; sent when it falls low and after each batch written. */
  | { type: 'rtc-relay-buffered'; peer: PeerId; epoch: number; amount: number }
  /** Offer, answer or candidate of simple-peer, as JSON text. */
  | { type: 'rtc-signal'; peer: PeerId; epoch: number; signal: string }
  | { type: 'rtc-connected'; peer: PeerId; epoch: number }
  /** ICE says the path is gone, for now. */
  | { type: 'rtc-interrupted'; peer: PeerId; epoch: number }
  | { type: 'rtc-closed'; peer: PeerId; epoch: number; reason: string }
  /** `gossip.handleConnection`: a channel made elsewhere. With `channel` absent it is relayed. */
  | { type: 'rtc-adopted'; peer: PeerId; epoch: number; channel: unknown }
  | { type: 'page'; state: 'visible' | 'leaving' | 'restored' | 'online' }

/** Node → page. */
export type RtcOrder =
  | {
      type: 'rtc-dial'
      peer: PeerId
      epoch: number
      /** Who makes the offer: fixed by key order. */
      initiator: boolean
      iceServers: IceServer[]
      relayed: boolean
    }
  | { type: 'rtc-signal'; peer: PeerId; epoch: number; signal: string }
  | { type: 'rtc-restart-ice'; peer: PeerId; epoch: number }
  | { type: 'rtc-relay-packets'; peer: PeerId; epoch: number; packets: Uint8Array[] }
  | { type: 'rtc-hang-up'; peer: PeerId; epoch: number }
  /** The identity slot taken, for sessionStorage. */
  | { type: 'slot'; slot: number }

/** One entry of `RTCConfiguration.iceServers`. */
export interface IceServer {
  /** One stun:, stuns:, turn: or turns: URL, or a list of them. */
  urls: string | string[]
  /** For TURN, which asks for both. */
  username?: string
  credential?: string
}

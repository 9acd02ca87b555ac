import type { PeerId } from '../../ids.js'
import type { Exchange } from '../exchanges.js'
import type { CommonMessage } from '../messages.js'
import type { WaveMessage } from './messages.js'
import type { Tides } from './waves.js'

export type Heard = WaveMessage | Extract<CommonMessage, { exchange: number }>
export type Wave<T extends Heard['type']> = Extract<Heard, { type: T }>

/** The waves that carry ops. */
export type Carrier = 'ripple' | 'first-wave' | 'second-wave'

export type Conversation = Exchange<State>

/** What an exchange waits for. */
export interface State {
  step: 'sharp' | 'tidal' | 'giving' | 'first'
  /** Heights as they were when we last spoke: "equal" means equal to these. */
  said: Tides
  /** What it said it holds of the lanes we asked for. */
  promised: Tides
  /** Of the wave that is coming in: where lanes begin, and how many parts of it came. */
  roots: Tides
  parts: number
  /** Of each lane how high it has got, and how much it said was left. */
  reached: Map<PeerId, number>
  left: number
  /** New ops since the exchange last had time given, and their bytes. */
  worth: { ops: number; bytes: number }
  /** It has not been told yet that they were taken in: there is no room for more. */
  isOwed: boolean
  gained: number
  given: number
  again: boolean
  level: boolean
}

export function newState(step: State['step'], said: Tides): State {
  return {
    ...{ step, said, promised: NO_TIDES, roots: NO_TIDES, parts: 0, isOwed: false },
    ...{ reached: new Map(), left: Number.POSITIVE_INFINITY, worth: { ops: 0, bytes: 0 } },
    ...{ gained: 0, given: 0, again: false, level: false },
  }
}

export const NO_TIDES: Tides = new Map()

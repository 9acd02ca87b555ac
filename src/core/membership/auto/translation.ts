import type { PeerId } from '../../ids.js'
import type { FullMeshMessage } from '../full-mesh/messages.js'
import type { HyparviewMessage } from '../hyparview/messages.js'
import type { MembershipMessage } from '../messages.js'

// In a topic of kind `auto` some may be a full mesh still while others have a partial view already. What one
// side says has its like in the other's language: a request and its answer keep their number.

/** What a peer with a partial view understands. `undefined`: nothing to do with neighbors. */
export function toHyparview(message: FullMeshMessage): HyparviewMessage | undefined {
  switch (message.type) {
    case 'init':
      return { type: 'join', requestId: message.requestId, record: message.record }
    case 'conn': {
      const { requestId, record, asks } = message
      return asks
        ? { type: 'neighbor-request', requestId, priority: 'low', record }
        : { type: 'neighbor-accept', requestId, record }
    }
    case 'info':
      return { type: 'neighbor-accept', requestId: message.requestId, record: message.record }
    case 'gosp':
      // From a stranger: it believes to be a neighbor.
      return { type: 'neighbor-request', requestId: 0, priority: 'low', record: undefined }
    case 'bye': {
      const { requestId, reason } = message
      if (reason === 'leaving') return { type: 'disconnect', alive: 'leaving', sample: [] }
      if (requestId === 0) return { type: 'disconnect', alive: 'alive', sample: [] }
      return { type: 'neighbor-reject', requestId, reason, sample: [] }
    }
  }
}

/** What a member of a full mesh understands. */
export function toFullMesh(message: HyparviewMessage): FullMeshMessage | undefined {
  switch (message.type) {
    case 'join':
    case 'neighbor-request':
    case 'neighbor-accept':
      // Whoever asks is answered in its own language; see auto.ts.
      return { type: 'conn', requestId: message.requestId, asks: false, record: message.record }
    case 'neighbor-reject': {
      const { requestId, reason } = message
      return { type: 'bye', requestId, reason: REFUSALS[reason] }
    }
    case 'forward-join':
      return named([message.joiner.peer])
    case 'disconnect':
      return {
        type: 'bye',
        requestId: 0,
        reason: message.alive === 'leaving' ? 'leaving' : 'full',
      }
    case 'shuffle':
    case 'shuffle-reply':
      return undefined
  }
}

export function isHyparview(message: MembershipMessage): message is HyparviewMessage {
  return !FULL_MESH_TYPES.has(message.type)
}

function named(members: PeerId[]): FullMeshMessage {
  return { type: 'info', requestId: 0, members, record: undefined }
}

const FULL_MESH_TYPES: ReadonlySet<string> = new Set(['init', 'info', 'conn', 'gosp', 'bye'])
const REFUSALS = {
  full: 'full',
  busy: 'full',
  'not-in-topic': 'not-in-topic',
  mismatch: 'mismatch',
  banned: 'banned',
  'not-admitted': 'banned',
} as const

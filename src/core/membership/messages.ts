import { union } from '../../codec/combinators.js'
import type { Infer } from '../../codec/schema.js'
import { fullMeshMessages } from './full-mesh/messages.js'
import { hyparviewMessages } from './hyparview/messages.js'

/** What memberships say; a topic of kind `auto` speaks both languages. */
export const membershipMessage = union({ ...hyparviewMessages, ...fullMeshMessages })
export type MembershipMessage = Infer<typeof membershipMessage>

/** What may be said to a peer without a link, as a signed signal. */
export const KNOCKS = ['join', 'neighbor-request', 'init', 'conn', 'component'] as const
export type Knock = Extract<MembershipMessage, { type: (typeof KNOCKS)[number] }>

/** What may be answered to it. */
export const KNOCK_ANSWERS = ['neighbor-accept', 'neighbor-reject', 'info', 'bye'] as const
export type KnockAnswer = Extract<MembershipMessage, { type: (typeof KNOCK_ANSWERS)[number] }>

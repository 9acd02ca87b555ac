import type { NodeConfig } from '../config.js'
import type { PeerId } from '../ids.js'
import type { Random } from '../random.js'
import type { TopicTerms } from '../topic-hello.js'
import { Auto } from './auto/auto.js'
import { FULL_MESH_DEFAULTS } from './full-mesh/config.js'
import { FullMesh } from './full-mesh/full-mesh.js'
import type { PeerRecord } from './hyparview/messages.js'
import type { Membership } from './membership.js'
import type { MembershipMessage } from './messages.js'

export type FullMeshKind = Exclude<TopicTerms['membership'], 'hyparview'>

export interface MembershipOptions {
  self: PeerId
  config: NodeConfig
  random: Random
  record: PeerRecord | undefined
}

/** The membership of a topic whose terms name one with a full mesh in it. */
export function fullMeshByTerms(
  kind: FullMeshKind,
  { self, config, random, record }: MembershipOptions,
): Membership<MembershipMessage> {
  const common = { self, random, ...(record && { record }) }
  const mesh = config.fullMesh ?? FULL_MESH_DEFAULTS
  return kind === 'full-mesh'
    ? new FullMesh({ ...common, config: mesh })
    : new Auto({ ...common, hyparview: config.membership, fullMesh: mesh })
}

import type { NodeConfig } from '../config.js'
import type { PeerId } from '../ids.js'
import type { Random } from '../random.js'
import type { TopicTerms } from '../topic-hello.js'
import { Auto } from './auto/auto.js'
import { FULL_MESH_DEFAULTS } from './full-mesh/config.js'
import { FullMesh } from './full-mesh/full-mesh.js'
import { Hyparview } from './hyparview/hyparview.js'
import type { PeerRecord } from './hyparview/messages.js'
import type { Membership } from './membership.js'
import type { MembershipMessage } from './messages.js'

/** The membership that a topic's terms name. */
export function membershipByTerms(
  kind: TopicTerms['membership'],
  {
    self,
    config,
    random,
    record,
  }: { self: PeerId; config: NodeConfig; random: Random; record: PeerRecord | undefined },
): Membership<MembershipMessage> {
  const common = { self, random, ...(record && { record }) }
  const mesh = config.fullMesh ?? FULL_MESH_DEFAULTS
  switch (kind) {
    case 'hyparview':
      return new Hyparview({ ...common, config: config.membership })
    case 'full-mesh':
      return new FullMesh({ ...common, config: mesh })
    case 'auto':
      return new Auto({ ...common, hyparview: config.membership, fullMesh: mesh })
  }
}

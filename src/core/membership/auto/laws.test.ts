import fc from 'fast-check'
import { FULL_MESH_DEFAULTS } from '../full-mesh/config.js'
import * as fullMesh from '../full-mesh/messages.suite.js'
import { HYPARVIEW_DEFAULTS } from '../hyparview/config.js'
import * as hyparview from '../hyparview/messages.suite.js'
import { describeMembership } from '../membership.suite.js'
import type { MembershipMessage } from '../messages.js'
import { Auto } from './auto.js'
import { isHyparview } from './translation.js'

describeMembership<MembershipMessage>('auto', {
  make: (self, random) =>
    new Auto({ self, random, hyparview: HYPARVIEW_DEFAULTS, fullMesh: FULL_MESH_DEFAULTS }),
  knocks: message => (isHyparview(message) ? hyparview.knocks(message) : fullMesh.knocks(message)),
  message: peer =>
    fc.oneof<fc.Arbitrary<MembershipMessage>[]>(
      fullMesh.anyMessage(peer),
      hyparview.anyMessage(peer),
    ),
  answers: sent =>
    isHyparview(sent)
      ? hyparview.answers(sent)
      : [
          ...fullMesh.answers(sent),
          ...(sent.type === 'init'
            ? hyparview.answers({ type: 'join', requestId: sent.requestId, record: undefined })
            : []),
        ],
})

import { describeMembership } from '../membership.suite.js'
import { FULL_MESH_DEFAULTS } from './config.js'
import { FullMesh } from './full-mesh.js'
import { answers, anyMessage, knocks } from './messages.suite.js'

describeMembership('a full mesh', {
  // The laws have rooms of thirty.
  make: (self, random) =>
    new FullMesh({ self, config: { ...FULL_MESH_DEFAULTS, linkCapacity: 40 }, random }),
  knocks,
  message: anyMessage,
  answers,
})

import type { PlumtreeConfig } from './broadcast/plumtree/config.js'
import type { HistoryConfig } from './history/config.js'
import type { FullMeshConfig } from './membership/full-mesh/config.js'
import type { HyparviewConfig } from './membership/hyparview/config.js'

/** The protocols' numbers of one node; each has its source where it is declared. */
export interface NodeConfig {
  membership: HyparviewConfig
  broadcast: PlumtreeConfig
  /** What is left out has its default. */
  history?: Partial<HistoryConfig>
  /** Default: FULL_MESH_DEFAULTS. */
  fullMesh?: FullMeshConfig | undefined
}

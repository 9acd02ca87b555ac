import type { Scenario } from './scenario.js'
import { all } from './scenarios/all.js'
import { autoSwitch } from './scenarios/auto-switch.js'
import { churn } from './scenarios/churn.js'
import { failures } from './scenarios/failures.js'
import { flashCrowd } from './scenarios/flash-crowd.js'
import { fullMesh } from './scenarios/full-mesh.js'
import { hiddenTabs } from './scenarios/hidden-tabs.js'
import { hyparviewPaper } from './scenarios/hyparview-paper.js'
import { latecomer } from './scenarios/latecomer.js'
import { multi } from './scenarios/multi.js'
import { overlay } from './scenarios/overlay.js'
import { partition } from './scenarios/partition.js'
import { plumtreePaper } from './scenarios/plumtree-paper.js'
import { reconcile } from './scenarios/reconcile.js'
import { single } from './scenarios/single.js'
import { slowPeer } from './scenarios/slow-peer.js'

/** All there are, by name. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  [
    single,
    multi,
    all,
    overlay,
    failures,
    hyparviewPaper,
    plumtreePaper,
    churn,
    partition,
    flashCrowd,
    hiddenTabs,
    slowPeer,
    reconcile,
    latecomer,
    fullMesh,
    autoSwitch,
  ].map(scenario => [scenario.name, scenario]),
)

/**
 * Thousands of peers on a virtual clock, with the core, link and wire that the worker runs.
 *
 * @module gossamer/sim
 */

export type { PeerId, TopicId } from '../core/ids.js'
export type { TopicEvent, TopicStatus } from '../core/io.js'
export type { NodeSnapshot } from '../core/snapshot.js'
export { type Asked, parseArguments, usage } from './arguments.js'
export { incomparable, regressions } from './baseline.js'
export type { Distributions, Figures, Outcome } from './figures.js'
export { Graph, graphOf } from './graph.js'
export {
  constantLatency,
  type LatencyModel,
  parseLatency,
  regionLatency,
  SERVER,
  uniformLatency,
} from './latency.js'
export { Observer, type Said } from './observer.js'
export type { Peer } from './peer.js'
export { page } from './plots.js'
export { type Judged, judge, type Meter, type Report, runScenario } from './run.js'
export type { Limit, Progress, Scenario, Settings } from './scenario.js'
export { SCENARIOS } from './scenarios.js'
export { phrase, table } from './table.js'
export { type JoinOptions, type Traffic, World, type WorldOptions } from './world.js'

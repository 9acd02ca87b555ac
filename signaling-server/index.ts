/**
 * What a Node program may use to run signaling inside a server of its own.
 *
 * @module gossamer/signaling-server
 */

export type { IceServer } from '../src/signaling/ice-server.js'
export {
  type Environment,
  type ReadEnvironment,
  readEnvironment,
  warningsOf,
} from './environment.js'
export { type IceSource, type TurnOptions, turnCredentials } from './ice.js'
export { LIMITS, type Limits } from './limits.js'
export type { SignalingServerOptions } from './options.js'
export {
  createSignalingServer,
  type SignalingServer,
  type SignalingStats,
} from './server.js'

import { PLUMTREE_DEFAULTS, type PlumtreeConfig } from '../core/broadcast/plumtree/config.js'
import { FULL_MESH_DEFAULTS, type FullMeshConfig } from '../core/membership/full-mesh/config.js'
import { HYPARVIEW_DEFAULTS, type HyparviewConfig } from '../core/membership/hyparview/config.js'
import { checkInteger, checkKeys, refuse } from './checks.js'

/** The numbers that a caller may give `Gossip.open`; what is left out stays. */
export interface GivenConfigs {
  membershipConfig?: Partial<HyparviewConfig> | undefined
  fullMeshConfig?: Partial<FullMeshConfig> | undefined
  broadcastConfig?: Partial<PlumtreeConfig> | undefined
}

export interface Configs {
  membership: HyparviewConfig
  fullMesh: FullMeshConfig
  broadcast: PlumtreeConfig
}

/** What they come to. Throws `invalid-argument`. */
export function checkConfigs(given: GivenConfigs): Configs {
  return {
    membership: checkMembership(given.membershipConfig ?? {}),
    fullMesh: checkNumbers(
      'fullMeshConfig',
      given.fullMeshConfig ?? {},
      FULL_MESH_DEFAULTS,
      FULL_MESH_RANGES,
    ),
    broadcast: checkBroadcast(given.broadcastConfig ?? {}),
  }
}

function checkMembership(given: Partial<HyparviewConfig>): HyparviewConfig {
  const config = checkNumbers('membershipConfig', given, HYPARVIEW_DEFAULTS, HYPARVIEW_RANGES)
  const { shuffleActiveViewCount, shufflePassiveViewCount, retryBackoffMs, largestBackoffMs } =
    config
  if (shuffleActiveViewCount + shufflePassiveViewCount > MOST_SHUFFLED) {
    const sum = shuffleActiveViewCount + shufflePassiveViewCount
    const allowed = `at most ${MOST_SHUFFLED} together, for one shuffle carries no more`
    refuse('membershipConfig.shuffleActiveViewCount and shufflePassiveViewCount', sum, allowed)
  }
  if (largestBackoffMs < retryBackoffMs) {
    refuse(
      'membershipConfig.largestBackoffMs',
      largestBackoffMs,
      `at least retryBackoffMs, ${retryBackoffMs}`,
    )
  }
  return config
}

function checkBroadcast(given: Partial<PlumtreeConfig>): PlumtreeConfig {
  const config = checkNumbers('broadcastConfig', given, PLUMTREE_DEFAULTS, PLUMTREE_RANGES)
  const { messageIdRetentionMs, messageCacheRetentionMs } = config
  if (messageIdRetentionMs < messageCacheRetentionMs) {
    const allowed = `at least messageCacheRetentionMs, ${messageCacheRetentionMs}: else a cached message is taken for new`
    refuse('broadcastConfig.messageIdRetentionMs', messageIdRetentionMs, allowed)
  }
  return config
}

function checkNumbers<Config extends object>(
  name: string,
  given: Partial<Config>,
  defaults: Config,
  ranges: { readonly [Key in keyof Config]?: readonly [least: number, most: number] },
): Config {
  checkKeys(name, given, Object.keys(defaults))
  const config = { ...defaults }
  for (const key of Object.keys(given) as (keyof Config & string)[]) {
    const value = given[key]
    if (value === undefined) continue
    const [least, most] = ranges[key] ?? [0, LARGEST_NUMBER]
    config[key] = checkInteger(`${name}.${key}`, value, least, most) as Config[typeof key]
  }
  return config
}

/** As many neighbors as may be waited for (options.ts). */
const MOST_NEIGHBORS = 64
/** What one shuffle may carry beside its origin (messages.ts). */
const MOST_SHUFFLED = 15
const LARGEST_NUMBER = 2 ** 31 - 1

/** What the machines can work with; beyond it a value is a slip of the pen. Guesses, except as said. */
const HYPARVIEW_RANGES: { readonly [Key in keyof HyparviewConfig]?: readonly [number, number] } = {
  activeViewCapacity: [1, MOST_NEIGHBORS],
  passiveViewCapacity: [0, 1_000],
  // Hops travel as one byte.
  activeRandomWalkLength: [0, 255],
  passiveRandomWalkLength: [0, 255],
  shuffleRandomWalkLength: [0, 255],
  shuffleActiveViewCount: [0, MOST_SHUFFLED],
  shufflePassiveViewCount: [0, MOST_SHUFFLED],
  shuffleIntervalMs: [100, 86_400_000],
  neighborRequestTimeoutMs: [10, 600_000],
  dialTimeoutMs: [100, 600_000],
  parallelRequests: [1, 64],
  reserveCapacity: [0, 10_000],
  retryBackoffMs: [1, 600_000],
  largestBackoffMs: [1, 3_600_000],
}
const FULL_MESH_RANGES: { readonly [Key in keyof FullMeshConfig]?: readonly [number, number] } = {
  periodMs: [100, 3_600_000],
  // Those named in one message (full-mesh/messages.ts), ourselves not among them.
  linkCapacity: [1, 63],
  answerTimeoutMs: [10, 600_000],
  dialTimeoutMs: [100, 600_000],
  largestBackoffMs: [1, 3_600_000],
}
const PLUMTREE_RANGES: { readonly [Key in keyof PlumtreeConfig]?: readonly [number, number] } = {
  graftTimeout1Ms: [1, 60_000],
  graftTimeout2Ms: [1, 60_000],
  dispatchTimeoutMs: [0, 10_000],
  rootAfterMs: [100, 3_600_000],
  optimizationThreshold: [0, 65_535],
  messageCacheRetentionMs: [0, 3_600_000],
  messageIdRetentionMs: [0, 86_400_000],
  cacheEvictIntervalMs: [10, 600_000],
  cacheBytes: [0, 1 << 30],
  missingCapacity: [1, 1 << 20],
  seenAuthors: [1, 1 << 20],
}

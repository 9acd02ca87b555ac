import { parseArgs } from 'node:util'
import { GossamerError } from '../bridge/errors.js'
import { checkJoin, checkSignaling, DEFAULTS, type JoinOptions } from '../options.js'
import { type TopicName, topicIdOf } from '../page/topic-name.js'

export interface PeerArguments {
  topic: string
  periodMs: number
  connect: string[]
  signaling: string
  name: string
  membership: NonNullable<JoinOptions['membership']>
}

export type ReadArguments =
  | { ok: true; value: PeerArguments }
  | { ok: false; help: true }
  /** One sentence per fault. */
  | { ok: false; help: false; faults: string[] }

/** Reads the command's arguments, each checked, each fault named. */
export function readArguments(given: readonly string[]): ReadArguments {
  const faults: string[] = []
  const values = parsed(given, faults)
  if (values === undefined) return { ok: false, help: false, faults }
  if (values.help) return { ok: false, help: true }
  const { topic, period = '5', connect = [], signaling = LOCAL_SIGNALING, name = '' } = values
  const membership = (values.membership ?? DEFAULTS.membership) as PeerArguments['membership']
  if (topic === undefined) faults.push('--topic is missing: the name of the room to join.')
  else check('--topic', faults, () => topicIdOf(topic as TopicName))
  check('--connect', faults, () => checkJoin({ bootstrap: connect }, 1))
  check('--membership', faults, () => checkJoin({ membership }, 1))
  check('--signaling', faults, () => checkSignaling(signaling))
  const seconds = Number(period)
  if (!/^\d+(\.\d+)?$/.test(period) || seconds < LEAST_PERIOD_S || seconds > MOST_PERIOD_S) {
    faults.push(
      `--period is "${period}"; it must be a number of seconds greater than 0: from ${LEAST_PERIOD_S} to ${MOST_PERIOD_S}.`,
    )
  }
  if (faults.length > 0 || topic === undefined) return { ok: false, help: false, faults }
  const periodMs = Math.round(seconds * 1_000)
  return { ok: true, value: { topic, periodMs, connect, signaling, name, membership } }
}

function parsed(given: readonly string[], faults: string[]) {
  try {
    return parseArgs({ args: [...given], options: OPTIONS, strict: true }).values
  } catch (error) {
    // Its first sentence names the argument; the rest is about positional ones, which there are none of.
    const [first] = (error as Error).message.split('. ')
    faults.push(`${first!.replace(/\.$/, '')}. --help says what there is.`)
    return undefined
  }
}

/** The library's own checks, by the name of the argument. */
function check(argument: string, faults: string[], by: () => unknown): void {
  try {
    by()
  } catch (error) {
    if (!(error instanceof GossamerError)) throw error
    faults.push(error.message.replace(/^[a-z]+(\[\d+\])?/, argument))
  }
}

const OPTIONS = {
  topic: { type: 'string' },
  period: { type: 'string' },
  connect: { type: 'string', multiple: true },
  signaling: { type: 'string' },
  name: { type: 'string' },
  membership: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Where `npm start` and `gossamer-signaling` serve. */
const LOCAL_SIGNALING = 'ws://localhost:8787/signaling'
/** Guesses: GOSPs more often than this are no news, and less often no liveness. */
const LEAST_PERIOD_S = 0.1
const MOST_PERIOD_S = 3_600

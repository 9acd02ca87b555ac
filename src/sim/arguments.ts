import { parseLatency } from './latency.js'
import type { Flag, Scenario, Settings } from './scenario.js'
import { SCENARIOS } from './scenarios.js'

/** What the command was asked. */
export interface Asked {
  scenario: Scenario
  settings: Settings
  seeds: number[]
  /** The shares that crash, the first as in `settings`; a report's plot has a point for each. */
  kills: number[]
  json: boolean
  baseline: string | undefined
  report: string | undefined
}

/** The words after the command's name; or what is wrong with them, in a sentence. */
export function parseArguments(words: readonly string[]): Asked | { problem: string } {
  const [name, ...rest] = words
  const scenario = SCENARIOS.get(name ?? '')
  const known = [...SCENARIOS.keys()].join(', ')
  if (name === undefined || name.startsWith('-')) return { problem: `Name a scenario: ${known}.` }
  if (scenario === undefined) return { problem: `No scenario "${name}". There are: ${known}.` }
  const asked: Asked = {
    scenario,
    settings: { ...scenario.defaults },
    seeds: [0, 1, 2, 3],
    kills: [scenario.defaults.kill],
    json: false,
    baseline: undefined,
    report: undefined,
  }
  for (let i = 0; i < rest.length; i++) {
    // `--nodes 20` or `--nodes=20`.
    const [flag, ...after] = rest[i]!.split('=') as [string, ...string[]]
    const given = after.length > 0 ? after.join('=') : undefined
    const option = Object.hasOwn(OPTIONS, flag) ? OPTIONS[flag] : undefined
    if (option === undefined) {
      const all = Object.keys(OPTIONS).join(', ')
      return { problem: `No option "${flag}". There are: ${all}.` }
    }
    if (flag in OF_SETTINGS && !scenario.flags.some(each => flag === `--${each}`)) {
      const all = scenario.flags.map(each => `--${each}`).join(', ')
      return { problem: `${name} has no use for ${flag}. It reads: ${all}.` }
    }
    if (option.takes === undefined) {
      if (given !== undefined) return { problem: `${flag} takes nothing, not "${given}".` }
      option.set(asked, '')
      continue
    }
    const value = given ?? rest[++i]
    if (value === undefined || value.startsWith('--')) {
      return { problem: `${flag} takes ${option.takes}.` }
    }
    if (!option.set(asked, value))
      return { problem: `${flag} takes ${option.takes}, not "${value}".` }
  }
  if (scenario.needsWire && asked.settings.wire === 'off') {
    return { problem: `${name} measures what the wire does: it can't do with --wire off.` }
  }
  if (asked.settings.silent && asked.kills.every(share => share === 0)) {
    return { problem: '--silent is how they crash: name a share that does with --kill.' }
  }
  if (asked.kills.length > 1 && asked.report === undefined) {
    return { problem: 'Several shares for --kill make a plot: name a file for it with --report.' }
  }
  return asked
}

interface Option {
  /** Undefined for a flag without a value. */
  takes?: string
  about: string
  /** False where the value is none of those it takes. */
  set(asked: Asked, value: string): boolean
}

const OF_SETTINGS: Record<`--${Flag}`, Option> = {
  '--nodes': {
    takes: 'a number of peers from 2 to 1000000',
    about: 'how many peers',
    set: (asked, text) => whole(text, 2, 1_000_000, value => (asked.settings.nodes = value)),
  },
  '--rounds': {
    takes: 'a whole number from 0',
    about: 'how many messages, or rounds of them',
    set: (asked, text) => whole(text, 0, 1_000_000, value => (asked.settings.rounds = value)),
  },
  '--latency': {
    takes: 'milliseconds one way, such as 10-50 or 30, or the word regions',
    about: 'how long packets travel',
    set: (asked, text) => {
      if (parseLatency(text, 0) === undefined) return false
      asked.settings.latency = text
      return true
    },
  },
  '--kill': {
    takes: 'a share from 0 up to 1, or several with commas between',
    about: 'how many crash; of several all figures are of the first, and --report plots all',
    set: (asked, text) => {
      const shares = text.split(',')
      if (!shares.every(each => /^\d?\.?\d+$/.test(each) && Number(each) < 1)) return false
      asked.kills = shares.map(Number)
      asked.settings.kill = asked.kills[0]!
      return true
    },
  },
  '--silent': {
    about: 'they crash without notice: only heartbeats tell',
    set: asked => {
      asked.settings.silent = true
      return true
    },
  },
  '--server': {
    takes: 'gone or carries',
    about: 'hyparview-paper: after the crash it is gone, or carries signals and introduces nobody',
    set: (asked, text) => {
      if (text !== 'gone' && text !== 'carries') return false
      asked.settings.server = text
      return true
    },
  },
  '--cut': {
    takes: 'a number of seconds from 1 to 86400',
    about: 'partition: how long one half is cut from the other; default 600',
    set: (asked, text) => whole(text, 1, 86_400, value => (asked.settings.cutSeconds = value)),
  },
  '--rest': {
    takes: 'a number of seconds from 0 to 86400',
    about: 'single, multi, all: from the last that joined to the first round; default 120',
    set: (asked, text) => whole(text, 0, 86_400, value => (asked.settings.restSeconds = value)),
  },
  '--wire': {
    takes: 'on or off',
    about: 'off: messages are handed over without being encoded',
    set: (asked, text) => {
      if (text !== 'on' && text !== 'off') return false
      asked.settings.wire = text
      return true
    },
  },
  '--payload': {
    takes: 'bytes from 4 to 1048576',
    about: 'the size of each message',
    set: (asked, text) => whole(text, 4, 1 << 20, value => (asked.settings.payloadBytes = value)),
  },
  '--rate': {
    takes: 'messages a second from 1 to 10000',
    about: 'how often somebody speaks, where the scenario has a rate',
    set: (asked, text) => whole(text, 1, 10_000, value => (asked.settings.rate = value)),
  },
  '--history': {
    takes: 'none or wavefront',
    about: 'failures, partition: what is said is kept, and neighbors become equal',
    set: (asked, text) => {
      if (text !== 'none' && text !== 'wavefront') return false
      asked.settings.history = text
      return true
    },
  },
  '--protocol': {
    takes: 'wavefront',
    about: 'reconcile: how the two become equal',
    set: (asked, text) => {
      if (text !== 'wavefront') return false
      asked.settings.history = text
      return true
    },
  },
  '--ops': {
    takes: 'a number from 1 to 1000000',
    about: 'reconcile, latecomer: how many ops there are',
    set: (asked, text) => whole(text, 1, 1_000_000, value => (asked.settings.ops = value)),
  },
  '--authors': {
    takes: 'a number from 1 to 4096',
    about:
      'reconcile, latecomer: how many wrote them; failures: how many speak, anybody unless told',
    set: (asked, text) => whole(text, 1, 4096, value => (asked.settings.authors = value)),
  },
  '--missing': {
    takes: 'a whole number from 0',
    about: 'reconcile: how many of the ops one of the two lacks',
    set: (asked, text) => whole(text, 0, 1_000_000, value => (asked.settings.missing = value)),
  },
  '--unsigned': {
    about: 'messages without signatures',
    set: asked => {
      asked.settings.signed = false
      return true
    },
  },
}

const OPTIONS: Record<string, Option> = {
  ...OF_SETTINGS,
  '--seeds': {
    takes: 'whole numbers below 2^32 with commas between, such as 0,1,2,3',
    about: 'one run for each; default 0,1,2,3',
    set: (asked, text) => {
      const seeds = text.split(',')
      if (!seeds.every(each => /^\d{1,10}$/.test(each) && Number(each) < 2 ** 32)) return false
      asked.seeds = seeds.map(Number)
      return true
    },
  },
  '--baseline': {
    takes: 'a file that an earlier run wrote with --json',
    about: 'compare with it; exit 1 when a budget is broken',
    set: (asked, text) => {
      asked.baseline = text
      return true
    },
  },
  '--report': {
    takes: 'a file name',
    about: 'write a page with plots',
    set: (asked, text) => {
      asked.report = text
      return true
    },
  },
  '--json': {
    about: 'print one JSON object',
    set: asked => {
      asked.json = true
      return true
    },
  },
}

/** What the command says when it is asked for help. */
export function usage(): string {
  const scenarios = [...SCENARIOS.values()].map(({ name, about }) => [name, about] as const)
  const options = Object.entries(OPTIONS).map(([flag, { about }]) => [flag, about] as const)
  const width = Math.max(...[...scenarios, ...options].map(([left]) => left.length)) + 2
  const lines = (rows: readonly (readonly [string, string])[]) =>
    rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join('\n')
  return `npm run --silent sim -- SCENARIO [options]\n\n${lines(scenarios)}\n\n${lines(options)}`
}

function whole(text: string, least: number, most: number, set: (value: number) => void): boolean {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) return false
  set(value)
  return true
}

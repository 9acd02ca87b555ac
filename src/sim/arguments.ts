import { parseLatency } from './latency.js'
import type { Scenario, Settings } from './scenario.js'
import { SCENARIOS } from './scenarios.js'

/** What the command was asked. */
export interface Asked {
  scenario: Scenario
  settings: Settings
  seeds: number[]
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
    json: false,
    baseline: undefined,
    report: undefined,
  }
  for (let i = 0; i < rest.length; i++) {
    const flag = rest[i]!
    const option = OPTIONS[flag]
    if (option === undefined) {
      const all = Object.keys(OPTIONS).join(', ')
      return { problem: `No option "${flag}". There are: ${all}.` }
    }
    if (option.takes === undefined) {
      option.set(asked, '')
      continue
    }
    const value = rest[++i]
    if (value === undefined || value.startsWith('--')) {
      return { problem: `${flag} takes ${option.takes}.` }
    }
    if (!option.set(asked, value))
      return { problem: `${flag} takes ${option.takes}, not "${value}".` }
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

export const OPTIONS: Record<string, Option> = {
  '--nodes': {
    takes: 'a number of peers from 2 to 1000000',
    about: 'how many peers',
    set: (asked, text) => whole(text, 2, 1_000_000, value => (asked.settings.nodes = value)),
  },
  '--seeds': {
    takes: 'whole numbers with commas between, such as 0,1,2,3',
    about: 'one run for each; default 0,1,2,3',
    set: (asked, text) => {
      const seeds = text.split(',')
      if (!seeds.every(seed => /^\d{1,10}$/.test(seed))) return false
      asked.seeds = seeds.map(Number)
      return true
    },
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
    takes: 'a share from 0 up to 1',
    about: 'how many crash, in scenarios with a crash',
    set: (asked, text) => {
      const share = Number(text)
      if (!/^\d?\.?\d+$/.test(text) || !(share >= 0 && share < 1)) return false
      asked.settings.kill = share
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

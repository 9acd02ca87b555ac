import type { HistoryProtocol } from '../core/history/records.js'
import type { Outcome } from './figures.js'
import type { Report } from './run.js'

/** What a run can be told; each scenario has its own defaults. */
export interface Settings {
  nodes: number
  /** Messages, or rounds of messages. */
  rounds: number
  /** `10-50`, `30` or `regions`: latency.ts. */
  latency: string
  /** Share of the peers that crash, where the scenario has a crash. */
  kill: number
  /** They crash without notice. */
  silent: boolean
  /** After the crash: is the server gone, or does it carry signals (and introduce nobody)? */
  server: 'gone' | 'carries'
  /** How long the peers are cut from each other, where the scenario has a partition. */
  cutSeconds: number
  /** Between the last that joined and the first round, where the scenario has rounds. */
  restSeconds: number
  wire: 'on' | 'off'
  payloadBytes: number
  /** Messages a second, where the scenario has a rate. */
  rate: number
  signed: boolean
  /** What the topic's peers keep of what is said, and how they become equal. */
  history: HistoryProtocol
  /**
   * Ops of the past, their authors, and how many of them one of two peers lacks; where the scenario has a past. In
   * `failures` the authors are those who speak; 0 is anybody.
   */
  ops: number
  authors: number
  missing: number
}

export interface Scenario {
  readonly name: string
  /** What iroh-gossip's simulator calls it in its labels, where it is one of its own; by default the name. */
  readonly upstream?: string
  /** One sentence. */
  readonly about: string
  readonly defaults: Settings
  /** The command's flags for settings that it reads; others are refused. */
  readonly flags: readonly Flag[]
  /** What it measures is the wire's doing: it can't be left out. */
  readonly needsWire?: true
  /** What holds, and must go on holding: asserted in tests, and by `--baseline`. */
  readonly budget: readonly Limit[]
  /** What is to be reached. */
  readonly target: readonly Limit[]
  /** What `--json` prints, where it is more than the report. */
  json?(report: Report): object
  run(settings: Settings, seed: number, progress: Progress): Outcome
}

/** A setting as the command has it: `--nodes 20`. */
export type Flag =
  | 'nodes'
  | 'rounds'
  | 'latency'
  | 'kill'
  | 'silent'
  | 'server'
  | 'cut'
  | 'rest'
  | 'wire'
  | 'payload'
  | 'rate'
  | 'unsigned'
  | 'history'
  | 'protocol'
  | 'ops'
  | 'authors'
  | 'missing'

/** One bound on one figure, for runs with these settings. */
export interface Limit {
  figure: string
  atMost?: number
  atLeast?: number
  /** Of the seeds' mean, or of the worst seed. */
  of: 'mean' | 'worst'
  when?: Partial<Settings>
}

/** `share` of the run is done. */
export type Progress = (share: number, doing: string) => void

export const SETTINGS: Settings = {
  nodes: 100,
  rounds: 30,
  latency: '10-50',
  kill: 0,
  silent: false,
  server: 'gone',
  cutSeconds: 600,
  /** Links, first shuffles and refills have settled after this. */
  restSeconds: 120,
  wire: 'on',
  payloadBytes: 64,
  rate: 1,
  signed: true,
  history: 'none',
  ops: 1000,
  authors: 10,
  missing: 10,
}

/** Bounds on rounds are for rooms at rest; those on hops and times, for peers 10 to 50 ms apart as well. */
export const RESTED: Partial<Settings> = { restSeconds: SETTINGS.restSeconds }
export const NEAR: Partial<Settings> = { ...RESTED, latency: '10-50' }

/** What is read where peers are gathered and say something. */
export const TALK: readonly Flag[] = [
  'nodes',
  'rounds',
  'latency',
  'wire',
  'payload',
  'unsigned',
  'history',
]

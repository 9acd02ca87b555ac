import { describe, expect, it, vi } from 'vitest'
import { parseArguments, usage } from './arguments.js'
import { incomparable, regressions } from './baseline.js'
import { page } from './plots.js'
import { judge, runScenario } from './run.js'
import type { Flag, Scenario, Settings } from './scenario.js'
import { SCENARIOS } from './scenarios.js'
import { phrase, table } from './table.js'

/** For busy machines: by itself the dearest takes two seconds. */
vi.setConfig({ testTimeout: 120_000 })

const METER = { elapsedMs: () => 0, peakMemoryMB: () => 0 }

describe('scenarios in small', () => {
  it.each<[name: string, seeds: number[], changed: Partial<Settings>]>([
    ['single', [0, 1], { nodes: 20, rounds: 10 }],
    ['multi', [0, 1], { nodes: 20, rounds: 10 }],
    ['multi', [2], { nodes: 20, rounds: 10, wire: 'off' }],
    ['all', [0], { nodes: 20 }],
    ['overlay', [0, 1], { nodes: 30 }],
    ['failures', [0], { nodes: 50, rounds: 5 }],
    ['hyparview-paper', [0], { nodes: 60, rounds: 3 }],
    ['hyparview-paper', [0], { nodes: 60, rounds: 3, kill: 0.5, server: 'carries', wire: 'off' }],
    ['hyparview-paper', [0], { nodes: 60, rounds: 3, kill: 0.9, server: 'carries', wire: 'off' }],
    ['plumtree-paper', [0], { nodes: 40, rounds: 10 }],
    ['plumtree-paper', [0], { nodes: 40, rate: 10 }],
    ['plumtree-paper', [0], { nodes: 40, payloadBytes: 100, rate: 100 }],
    ['plumtree-paper', [0], { nodes: 40, rate: 10, signed: false }],
    ['plumtree-paper', [0], { nodes: 40, payloadBytes: 100, rate: 100, signed: false }],
    ['churn', [0], { nodes: 40, rounds: 20 }],
    // Where neighbors go on naming those who are on the other side.
    ['partition', [54], { nodes: 20, rounds: 2, wire: 'off' }],
    // One part has no name at that time.
    ['partition', [0, 1, 2], { nodes: 10, rounds: 2, wire: 'off', cutSeconds: 240 }],
    ['flash-crowd', [0], { nodes: 60, rounds: 3 }],
    ['hidden-tabs', [0], { nodes: 20, rounds: 5 }],
    ['slow-peer', [0], { nodes: 10, rounds: 100 }],
    ['failures', [0], { nodes: 30, rounds: 3, kill: 0.5, history: 'wavefront' }],
    ['partition', [0], { nodes: 10, rounds: 2, wire: 'off', history: 'wavefront' }],
    ['latecomer', [0], { nodes: 6, ops: 1000, rounds: 5 }],
    ['reconcile', [0, 1], { ops: 600, missing: 10 }],
    ['reconcile', [2], { ops: 600, missing: 500, authors: 1 }],
    ['full-mesh', [0, 1], { nodes: 5, rounds: 5 }],
    ['auto-switch', [0], { rate: 4 }],
  ])('%s keeps its budget, seeds %j, %j', (name, seeds, changed) => {
    const scenario = SCENARIOS.get(name)!
    const { settings, unread } = noting({ ...scenario.defaults, ...changed })
    const run: Scenario['run'] = (_, seed, progress) => scenario.run(settings, seed, progress)
    const all = { ...scenario.defaults, ...changed }
    const report = runScenario({ ...scenario, run }, all, seeds, METER)
    const ignored = scenario.flags.filter(flag => unread().has(OF_FLAG[flag]))
    // How they crash is asked where some do.
    expect(ignored.filter(flag => flag !== 'silent' || all.kill > 0)).toEqual([])
    const broken = judge(scenario.budget, report).filter(({ holds }) => !holds)
    expect(broken.map(phrase)).toEqual([])
    expect(report.mean['deliveredTwice']).toBe(0)
    for (const value of Object.values(report.mean)) expect(value).not.toBeNaN()
  })

  it('the same seed gives the same figures', () => {
    const scenario = SCENARIOS.get('multi')!
    const once = () =>
      runScenario(scenario, { ...scenario.defaults, nodes: 15, rounds: 4 }, [7], METER).perSeed
    expect(once()).toEqual(once())
  })

  it.each<[name: string, changed: Partial<Settings>, unmeasured: string[]]>([
    ['plumtree-paper', { rate: 10, payloadBytes: 1024 }, ['bytesPerDelivery', 'byteOverhead']],
    ['full-mesh', { rounds: 2 }, ['bytesPerDelivery', 'sentPerSecond']],
    ['reconcile', { ops: 20 }, ['bytesPerDelivery', 'bytes', 'bytesPerMissing']],
  ])('%s says nothing of bytes with the wire off', (name, changed, unmeasured) => {
    const scenario = SCENARIOS.get(name)!
    const settings: Settings = { ...scenario.defaults, nodes: 6, ...changed, wire: 'off' }
    const report = runScenario(scenario, settings, [0], METER)
    for (const figure of unmeasured) expect(report.mean).not.toHaveProperty(figure)
    const judged = judge([...scenario.budget, ...scenario.target], report)
    expect(judged.filter(({ value }) => Number.isNaN(value))).toEqual([])
  })

  it.each(['slow-peer', 'hidden-tabs'])('%s can’t do without the wire', name => {
    const scenario = SCENARIOS.get(name)!
    const settings: Settings = { ...scenario.defaults, wire: 'off' }
    expect(() => runScenario(scenario, settings, [0], METER)).toThrow(/about the wire/)
  })
})

/** These settings, and which of them nobody has read. */
function noting(all: Settings): { settings: Settings; unread: () => Set<keyof Settings> } {
  const unread = new Set(Object.keys(all) as (keyof Settings)[])
  const settings = new Proxy(all, {
    get(target, name) {
      unread.delete(name as keyof Settings)
      return target[name as keyof Settings]
    },
  })
  return { settings, unread: () => unread }
}

const OF_FLAG: Record<Flag, keyof Settings> = {
  nodes: 'nodes',
  rounds: 'rounds',
  latency: 'latency',
  kill: 'kill',
  silent: 'silent',
  server: 'server',
  cut: 'cutSeconds',
  rest: 'restSeconds',
  wire: 'wire',
  payload: 'payloadBytes',
  rate: 'rate',
  unsigned: 'signed',
  history: 'history',
  protocol: 'history',
  ops: 'ops',
  authors: 'authors',
  missing: 'missing',
}

describe('a report', () => {
  const scenario = SCENARIOS.get('single')!
  const settings = { ...scenario.defaults, nodes: 10, rounds: 2 }
  const report = runScenario(scenario, settings, [0, 1], METER)

  it('has the true mean and the worst seed', () => {
    const [one, two] = report.perSeed
    expect(report.mean.rmr).toBeCloseTo((one!.rmr + two!.rmr) / 2)
    expect(report.worst.rmr).toBe(Math.max(one!.rmr, two!.rmr))
    expect(report.worst.meanActive).toBe(Math.min(one!.meanActive, two!.meanActive))
  })

  it('is a table and a page that needs nothing from elsewhere', () => {
    const judged = judge(scenario.target, report)
    expect(table(report, judged, report)).toContain('rmr')
    const html = page(report, judged, report)
    expect(html).toContain('<svg')
    expect(html).not.toMatch(/src=|href=|@import|url\(/)
  })

  it('has a curve where it knows of several shares that crashed', () => {
    const failures: [number, number][] = [
      [0.5, 0.9],
      [0.1, 1],
    ]
    const html = page({ ...report, distributions: { ...report.distributions, failures } }, [])
    const figure = html.slice(html.indexOf('Reliability against failures'))
    const path = /<polyline[^>]*points="(\S+),\S+ (\S+),/.exec(figure)!
    expect(Number(path[1])).toBeLessThan(Number(path[2]))
  })

  it('is worse than a baseline only beyond the slack', () => {
    expect(regressions(report, report)).toEqual([])
    const better = { ...report, mean: { ...report.mean, rmr: 0, durationMs: 1 } }
    expect(regressions(report, better).map(words => words.split(' ')[0])).toEqual([
      'rmr',
      'durationMs',
    ])
    expect(regressions(better, report)).toEqual([])
  })

  it('breaks a limit by what lies beyond it, and by having no such figure', () => {
    const { rmr } = report.mean
    const of = 'mean'
    const limits = [
      { figure: 'rmr', atMost: rmr, of },
      { figure: 'rmr', atMost: rmr - 0.001, of },
      { figure: 'meanActive', atLeast: 99, of },
      { figure: 'none', atMost: 1, of },
    ] as const
    expect(judge(limits, report).map(({ holds }) => holds)).toEqual([true, false, false, false])
    expect(judge([{ ...limits[1], when: { nodes: 11 } }], report)).toEqual([])
  })

  it('is compared with its like', () => {
    expect(incomparable(report, report)).toBeUndefined()
    expect(incomparable(report, { ...report, scenario: 'multi' })).toMatch(/multi/)
    const larger = { ...report, settings: { ...settings, nodes: 11 } }
    expect(incomparable(report, larger)).toMatch(/nodes 11/)
  })

  it.each<[unknown, RegExp]>([
    [null, /not what an earlier run printed/],
    [7, /not what an earlier run printed/],
    [[], /not what an earlier run printed/],
    [{}, /not what an earlier run printed with --json \(scenario: /],
    [{ scenario: 'single', mean: {}, distributions: {} }, /\(settings: /],
    [{ ...report, seeds: undefined }, /\(seeds: /],
    [{ ...report, distributions: {} }, /\(distributions.delivery: /],
    [{ ...report, distributions: { ...report.distributions, failures: [1] } }, /failures.0/],
    [{ ...report, mean: { ...report.mean, rmr: null } }, /\(mean.rmr: /],
    [{ ...report, mean: {} }, /it has no reliability/],
    [{ ...report, seeds: [0] }, /the baseline has seeds 0, this run 0,1/],
  ])('is not compared with %j', (found, words) => {
    expect(incomparable(report, found)).toMatch(words)
  })

  it.each(['failures', 'hyparview-paper'])(
    'of %s where nearly all crash is of who is left',
    name => {
      const { defaults } = SCENARIOS.get(name)!
      const few: Settings = { ...defaults, nodes: 3, rounds: 1, kill: 0.99 }
      const { mean } = runScenario(SCENARIOS.get(name)!, few, [0], METER)
      expect(mean.reliability).toBe(1)
      expect(Object.entries(mean).filter(([, value]) => !Number.isFinite(value))).toEqual([])
    },
  )

  it('of no rounds holds numbers all the same', () => {
    const { mean } = runScenario(scenario, { ...settings, nodes: 3, rounds: 0 }, [0], METER)
    expect(Object.entries(mean).filter(([, value]) => !Number.isFinite(value))).toEqual([])
  })

  it('of a reconciliation is one to compare with, and more', () => {
    const reconcile = SCENARIOS.get('reconcile')!
    const changed = { ...reconcile.defaults, ops: 20 }
    const found = runScenario(reconcile, changed, [0], METER)
    const printed = reconcile.json!(found)
    expect(printed).toMatchObject({ protocol: 'wavefront', converged: true, roundTrips: 1.5 })
    expect(incomparable(found, JSON.parse(JSON.stringify(printed)))).toBeUndefined()
  })
})

describe('arguments', () => {
  it('change the defaults of a scenario', () => {
    const words =
      'failures --nodes 500 --seeds 4,5 --kill 0.5 --silent --latency regions --wire off'
    expect(parseArguments(words.split(' '))).toMatchObject({
      scenario: { name: 'failures' },
      settings: {
        nodes: 500,
        kill: 0.5,
        silent: true,
        latency: 'regions',
        wire: 'off',
        rounds: 20,
      },
      seeds: [4, 5],
      json: false,
    })
  })

  it.each([
    ['', /Name a scenario/],
    ['--json', /Name a scenario/],
    ['bogus', /No scenario "bogus"/],
    ['single --bogus', /No option "--bogus"/],
    ['single --nodes', /--nodes takes/],
    ['single --nodes 1', /not "1"/],
    ['single --nodes 1e3', /not "1e3"/],
    ['single --seeds 1,x', /not "1,x"/],
    ['single constructor', /No option "constructor"/],
    ['failures --kill 1', /not "1"/],
    ['failures --kill -1', /not "-1"/],
    ['failures --kill 0.1,', /not "0.1,"/],
    ['failures --kill 0.1,0.5', /--report/],
    ['single --seeds 4294967296', /below 2\^32/],
    ['single --nodes=1', /not "1"/],
    ['single --json=1', /--json takes nothing, not "1"/],
    ['single --kill 0.5', /single has no use for --kill. It reads: --nodes/],
    ['hyparview-paper --silent', /--silent is how they crash/],
    ['overlay --silent', /overlay has no use for --silent/],
    ['reconcile --nodes 500', /reconcile has no use for --nodes/],
    ['failures --server carries', /failures has no use for --server/],
    ['plumtree-paper --authors 3', /plumtree-paper has no use for --authors/],
    ['slow-peer --wire off', /slow-peer measures what the wire does/],
    ['hidden-tabs --wire off', /hidden-tabs measures what the wire does/],
    ['single --latency soon', /not "soon"/],
    ['single --wire maybe', /not "maybe"/],
    ['single --nodes --json', /--nodes takes/],
  ])('"%s" is answered by what would do', (words, problem) => {
    const asked = parseArguments(words.split(' ').filter(Boolean))
    expect('problem' in asked && asked.problem).toMatch(problem)
  })

  it('may stand behind an equals sign, and a kill may be of several shares', () => {
    const words = 'failures --nodes=500 --kill=0.3,0.1 --report=a=b.html'
    expect(parseArguments(words.split(' '))).toMatchObject({
      settings: { nodes: 500, kill: 0.3 },
      kills: [0.3, 0.1],
      report: 'a=b.html',
    })
  })

  it('are all in the usage', () => {
    for (const name of SCENARIOS.keys()) expect(usage()).toContain(name)
  })
})

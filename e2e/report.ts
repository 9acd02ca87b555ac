// The last word of a run: what each project and each law took on the clock and of the processors, and the time below
// which so many processors can't run it.

import { availableParallelism } from 'node:os'
import type { FullResult, Reporter, Suite, TestCase, TestResult } from '@playwright/test/reporter'
import { CPU_SECONDS, cpuSecondsUnder } from './cpu.js'

interface Cost {
  laws: number
  seconds: number
  cpuSeconds: number
}

export default class Report implements Reporter {
  private readonly projects = new Map<string, Cost>()
  private readonly laws = new Map<string, Cost>()
  private projectNames: string[] = []
  /** Of the build. */
  private cpuSecondsBefore: number | undefined
  /** When it was over. */
  private lawsSince: number | undefined

  onBegin(_config: unknown, suite: Suite): void {
    this.projectNames = suite.suites.map(({ title }) => title)
  }

  onTestBegin(): void {
    this.cpuSecondsBefore ??= cpuSecondsUnder(process.pid)
    this.lawsSince ??= performance.now()
  }

  onTestEnd(law: TestCase, result: TestResult): void {
    const annotation = result.annotations.find(({ type }) => type === CPU_SECONDS)
    const cost = {
      laws: 1,
      seconds: result.duration / 1_000,
      cpuSeconds: Number(annotation?.description ?? 0),
    }
    const project = law.parent.project()?.name ?? ''
    add(this.projects, project, cost)
    add(this.laws, `${law.title} ${project}`, cost)
  }

  onEnd({ duration }: FullResult): void {
    // Browsers that were ended take what they used with them: laws are asked while theirs run.
    let cpuSeconds = this.cpuSecondsBefore
    if (cpuSeconds !== undefined)
      for (const cost of this.projects.values()) cpuSeconds += cost.cpuSeconds
    const dearest = [...this.laws].sort(([, a], [, b]) => b.cpuSeconds - a.cpuSeconds)
    print('the dearest laws', dearest.slice(0, MOST_LISTED))
    print(
      'projects',
      this.projectNames.flatMap(name => pairOf(this.projects, name)),
    )
    const cores = availableParallelism()
    const words =
      cpuSeconds === undefined
        ? 'no accounts of processors here'
        : `${cpuSeconds.toFixed(0)} CPU s, build and browsers with it: ${cores} processors can't do it in less than ${(cpuSeconds / cores).toFixed(0)} s`
    const ofLaws = (performance.now() - (this.lawsSince ?? performance.now())) / 1_000
    const seconds = (duration / 1_000).toFixed(0)
    console.log(`\nthe laws: ${ofLaws.toFixed(0)} s; the whole run: ${seconds} s; ${words}`)
  }

  printsToStdio(): boolean {
    return false
  }
}

function add(costs: Map<string, Cost>, name: string, { laws, seconds, cpuSeconds }: Cost): void {
  const sum = costs.get(name) ?? { laws: 0, seconds: 0, cpuSeconds: 0 }
  costs.set(name, {
    laws: sum.laws + laws,
    seconds: sum.seconds + seconds,
    cpuSeconds: sum.cpuSeconds + cpuSeconds,
  })
}

function pairOf(costs: ReadonlyMap<string, Cost>, name: string): [string, Cost][] {
  const cost = costs.get(name)
  return cost === undefined ? [] : [[name, cost]]
}

function print(title: string, costs: readonly [string, Cost][]): void {
  console.log(`\n   laws       s   CPU s  ${title}`)
  for (const [name, { laws, seconds, cpuSeconds }] of costs) {
    const cells = [`${laws}`, seconds.toFixed(1), cpuSeconds.toFixed(1)]
    console.log(`${cells.map(cell => cell.padStart(7)).join(' ')}  ${name}`)
  }
}

const MOST_LISTED = Number(process.env['GOSSAMER_DEAREST'] ?? 12)

// The command as it ships: built into one file and run as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { topicIdFromBytes } from '../src/core/ids.js'
import { connect } from './client.suite.js'

const folder = fileURLToPath(new URL('../node_modules/.cache/signaling-test/', import.meta.url))
// A name of its own: two runs at once don't step on each other.
const file = `${folder}main-${process.pid}.mjs`
const started: ChildProcess[] = []

beforeAll(async () => {
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['ws'],
    logLevel: 'silent',
  })
})

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

afterAll(() => rm(file, { force: true }))

class Run {
  out = ''
  err = ''
  readonly child: ChildProcess
  readonly exited: Promise<number | null>

  constructor(environment: Record<string, string>, ...parameters: string[]) {
    const { PATH } = process.env
    this.child = spawn(process.execPath, [file, ...parameters], { env: { PATH, ...environment } })
    started.push(this.child)
    this.child.stdout!.on('data', chunk => {
      this.out += chunk
    })
    this.child.stderr!.on('data', chunk => {
      this.err += chunk
    })
    this.exited = new Promise(resolve => this.child.on('close', resolve))
  }

  /** The port it printed. */
  async port(): Promise<number> {
    const printed = () => /ws:\/\/localhost:(\d+)\/signaling\n/.exec(this.out)?.[1]
    await expect.poll(printed, { timeout: 10_000 }).toBeDefined()
    return Number(printed())
  }
}

it('the command prints its address, answers /healthz, serves peers and stops with code 0 on SIGINT and SIGTERM', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const run = new Run({ PORT: '0' })
    const port = await run.port()
    const health = await fetch(`http://127.0.0.1:${port}/healthz`)
    expect(await health.json()).toMatchObject({ ok: true, peers: 0, topics: 0 })
    const client = await connect(`ws://127.0.0.1:${port}/signaling`)
    await client.enter(topicIdFromBytes(new Uint8Array(32)))
    run.child.kill(signal)
    await client.next('closing')
    expect(await run.exited).toBe(0)
    expect(run.err).toBe('')
  }
}, 30_000)

it('the command takes flags, which hold over the environment', async () => {
  const run = new Run({ PORT: 'eighty', HOST: '0.0.0.0' }, '--port', '0', '--host=127.0.0.1')
  expect(await run.port()).toBeGreaterThan(0)
})

it('the command explains itself with --help', async () => {
  const run = new Run({}, '--help')
  expect(await run.exited).toBe(0)
  for (const word of [
    'PORT',
    'HOST',
    'ORIGIN',
    'TRUST_PROXY',
    'ICE_SERVERS',
    'TURN_URL',
    'TURN_SECRET',
    '--port',
    '--turn',
    '/healthz',
  ]) {
    expect(run.out).toContain(word)
  }
})

it('the command says what is wrong with its environment and ends with code 2', async () => {
  const run = new Run({ PORT: 'eighty', TURN_SECRET: 'swordfish' })
  expect(await run.exited).toBe(2)
  expect(run.err).toBe(
    'PORT is "eighty"; it must be a whole number from 0 to 65535.\n' +
      'TURN_URL is missing: TURN_SECRET alone is of no use.\n',
  )
  const flag = new Run({}, '--prot=80', '--turn', 'turn.example')
  expect(await flag.exited).toBe(2)
  expect(flag.err).toBe('There is no flag --prot. --help says what there is.\n')
  const value = new Run({ PORT: '80' }, '--port', 'eighty')
  expect(await value.exited).toBe(2)
  expect(value.err).toBe('--port is "eighty"; it must be a whole number from 0 to 65535.\n')
})

it('the command says that its port is in use and ends with code 1', async () => {
  const taken: Server = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  const run = new Run({ PORT: String(port) })
  expect(await run.exited).toBe(1)
  expect(run.err).toContain(`Port ${port} is in use.`)
  taken.close()
})

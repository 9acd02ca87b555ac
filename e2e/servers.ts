// The servers of the laws: the product's own, as processes that can be killed, and plain files.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net'
import { fileURLToPath } from 'node:url'
import sirv from 'sirv'

/** A process of the product's, listening on a port of 127.0.0.1. */
export class ServerProcess {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  /** `npm start` without its build: chat page and signaling. */
  static page(...flags: string[]): Promise<ServerProcess> {
    return ServerProcess.start(['scripts/start.mjs', '--no-build', ...flags])
  }

  /** Signaling alone, as the bin `gossamer-signaling` runs it. */
  static signaling(port?: number): Promise<ServerProcess> {
    return ServerProcess.start(['dist/gossamer-signaling.js'], port)
  }

  private static async start(args: string[], wanted?: number): Promise<ServerProcess> {
    const port = wanted ?? (await freePort())
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, PORT: String(port), HOST: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said: string[] = []
    child.stdout?.on('data', chunk => said.push(String(chunk)))
    child.stderr?.on('data', chunk => said.push(String(chunk)))
    await listening(port, child, said)
    return new ServerProcess(port, child)
  }

  get pageUrl(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  get signalingUrl(): string {
    return `ws://127.0.0.1:${this.port}/signaling`
  }

  /** At once, without a goodbye. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await gone
  }
}

/** A port where something answers the phone and hangs up: as a server that is down, but counting. */
export class DeadPort {
  /** When each caller came, epoch milliseconds. */
  readonly calls: number[] = []

  private constructor(
    readonly port: number,
    private readonly server: TcpServer,
  ) {}

  static async open(): Promise<DeadPort> {
    const server = createTcpServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const dead = new DeadPort((server.address() as AddressInfo).port, server)
    server.on('connection', socket => {
      dead.calls.push(Date.now())
      socket.destroy()
    })
    return dead
  }

  get signalingUrl(): string {
    return `ws://127.0.0.1:${this.port}/signaling`
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    await closed
  }
}

/**
 * What browsers themselves print of a server that does not answer, or of a page that ends while it is being asked.
 */
export const NO_SERVER =
  /WebSocket connection to .* failed|can.t establish a connection|was interrupted while the page/

/**
 * What Firefox prints where ICE fails, five seconds after the other side's description if no candidate answered by then (measured):
 * so of a peer that goes in the midst of a handshake. The mesh dials again.
 */
export const PEER_GONE = /WebRTC: ICE failed/

/** Serves folders under path prefixes that end in a slash. */
export class FileServer {
  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async open(folders: Record<string, string>): Promise<FileServer> {
    const served = Object.entries(folders).map(
      ([prefix, folder]) => [prefix, sirv(folder, { dev: true })] as const,
    )
    const server = createServer((request, response) => {
      const path = request.url ?? '/'
      const match = served.find(([prefix]) => path.startsWith(prefix))
      if (match === undefined) {
        response.writeHead(404).end()
        return
      }
      request.url = path.slice(match[0].length - 1)
      match[1](request, response, () => {
        response.writeHead(404).end()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return new FileServer(`http://127.0.0.1:${port}/`, server)
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    this.server.closeAllConnections()
    await closed
  }
}

async function freePort(): Promise<number> {
  const probe = createTcpServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  const closed = once(probe, 'close')
  probe.close()
  await closed
  return port
}

/** Resolves when the port answers; rejects with what the process said where it ends before. */
async function listening(port: number, child: ChildProcess, said: string[]): Promise<void> {
  const startedAt = Date.now()
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`the server ended:\n${said.join('')}`)
    if (Date.now() - startedAt > START_WITHIN_MS) {
      child.kill('SIGKILL')
      throw new Error(`the server does not listen on ${port}:\n${said.join('')}`)
    }
    await new Promise(fulfil => setTimeout(fulfil, ASK_EVERY_MS))
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(fulfil => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      fulfil(true)
    })
    socket.once('error', () => fulfil(false))
  })
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Node starts in well under a second here. Guess. */
const START_WITHIN_MS = 15_000
const ASK_EVERY_MS = 50

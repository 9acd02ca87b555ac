// Apps of strangers: each a folder of its own outside the repository, with the packed tarball installed by npm.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type * as SignalingServer from 'gossamer/signaling-server'
import sirv from 'sirv'
import { packTarball } from '../../scripts/pack.mjs'

export type AppName = 'vite' | 'webpack' | 'page' | 'esbuild'

/** A place for apps, and the package as it would be published. */
export class Workshop {
  private readonly installed = new Map<string, Promise<App>>()

  private constructor(
    private readonly folder: string,
    private readonly tarball: string,
  ) {}

  static async open(): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), 'gossamer-apps-'))
    const { path } = await packTarball(folder)
    return new Workshop(folder, path)
  }

  /**
   * The app with its own tools and the tarball, installed for the first law that asks; `entry` imports the library. Laws put
   * back what they move, and after one that failed there is another workshop, for its worker ends.
   */
  install(name: AppName, entry = 'gossamer'): Promise<App> {
    const key = `${name} ${entry}`
    const app = this.installed.get(key) ?? this.installAnew(name, entry)
    this.installed.set(key, app)
    return app
  }

  private async installAnew(name: AppName, entry: string): Promise<App> {
    const folder = await mkdtemp(join(this.folder, `${name}-`))
    await cp(join(APPS, name), folder, { recursive: true })
    const main = await readFile(join(APPS, 'main.js'), 'utf8')
    await writeFile(join(folder, 'main.js'), main.replace("'gossamer'", `'${entry}'`))
    const app = new App(folder)
    // The app's lock says which tools. What npm's cache has is not fetched again.
    await app.npm('install', '--no-save', '--prefer-offline', this.tarball)
    return app
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

export class App {
  constructor(readonly folder: string) {}

  npm(...args: string[]): Promise<string> {
    return this.execute('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'])
  }

  /** Runs a tool that the app has installed. */
  tool(name: string, ...args: string[]): Promise<string> {
    return this.execute('npm', ['exec', '--offline', '--', name, ...args])
  }

  /** Runs a script in the app's folder. */
  node(script: string): Promise<string> {
    return this.execute(process.execPath, ['--input-type=commonjs', '-e', script])
  }

  /** Serves a folder of the app under a content security policy, with signaling of the installed package beside it. */
  serve(path: string, policy: string): Promise<AppServer> {
    return AppServer.open(this.folder, join(this.folder, path), policy)
  }

  /** The hash by which a policy allows the page's own import map. */
  async importMapHash(): Promise<string> {
    const html = await readFile(join(this.folder, 'index.html'), 'utf8')
    const [, map] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html)!
    return `'sha256-${createHash('sha256').update(map!).digest('base64')}'`
  }

  private async execute(command: string, args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: this.folder,
      shell: process.platform === 'win32',
    })
    return stdout
  }
}

/** A server as an app's author would write it. */
export class AppServer {
  private constructor(
    private readonly server: Server,
    private readonly signaling: SignalingServer.SignalingServer,
  ) {}

  static async open(app: string, folder: string, policy: string): Promise<AppServer> {
    const installed = createRequire(join(app, 'server.js')).resolve('gossamer/signaling-server')
    const { createSignalingServer } = (await import(
      pathToFileURL(installed).href
    )) as typeof SignalingServer
    const files = sirv(folder, {
      dev: true,
      setHeaders: response => response.setHeader('content-security-policy', policy),
    })
    const server = createServer((request, response) => {
      files(request, response, () => {
        response.writeHead(request.url === '/icon.svg' ? 204 : 404).end()
      })
    })
    const signaling = createSignalingServer({ server })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new AppServer(server, signaling)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  get signalingUrl(): string {
    return `ws://127.0.0.1:${this.port}/signaling`
  }

  async close(): Promise<void> {
    await this.signaling.close()
    const closed = once(this.server, 'close')
    this.server.close()
    this.server.closeAllConnections()
    await closed
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port
  }
}

/** Vite's server for developers, on the app as it stands. */
export class ViteDev {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async open({ folder }: App): Promise<ViteDev> {
    const args = [join(folder, 'node_modules/vite/bin/vite.js'), '--host', '127.0.0.1']
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk))
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`vite ended:\n${said}`)))
    const address = () => /http:\/\/127\.0\.0\.1:\d+\//.exec(said)?.[0]
    while (address() === undefined) await Promise.race([once(child.stdout, 'data'), ended])
    ended.catch(() => {})
    return new ViteDev(address()!, child)
  }

  async close(): Promise<void> {
    const gone = once(this.child, 'exit')
    this.child.kill()
    await gone
  }
}

const APPS = fileURLToPath(new URL('apps', import.meta.url))

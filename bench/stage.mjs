// What the benchmarks in browsers stand on: a server for their pages, and a signaling server.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { resolve } from 'node:path'
import sirv from 'sirv'
import { ROOT } from '../scripts/build.mjs'

/** bench/ and, under /lib/, the built library. What is opened is closed by `closers`, last first. */
export async function servePages(closers) {
  const pages = sirv(resolve(ROOT, 'bench'), { dev: true })
  const library = sirv(resolve(ROOT, 'dist'), { dev: true })
  const server = createServer((request, response) => {
    const inLibrary = request.url?.startsWith('/lib/') ?? false
    if (inLibrary) request.url = request.url.slice('/lib'.length)
    const serve = inLibrary ? library : pages
    serve(request, response, () => response.writeHead(404).end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${server.address().port}`
}

export async function startSignaling(closers) {
  const port = await freePort()
  const child = spawn(process.execPath, [resolve(ROOT, 'dist/gossamer-signaling.js')], {
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  closers.push(() => child.kill('SIGKILL'))
  const startedAt = Date.now()
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() - startedAt > 10_000) {
      throw new Error('the signaling server does not start')
    }
    await new Promise(fulfil => setTimeout(fulfil, 50))
  }
  return `ws://127.0.0.1:${port}/signaling`
}

async function freePort() {
  const probe = createTcpServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

function answers(port) {
  return new Promise(fulfil => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => fulfil(false))
    socket.once('connect', () => {
      socket.destroy()
      fulfil(true)
    })
  })
}

// `npm start`: builds the library and the chat page, then serves the page and the signaling on one port.
//   PORT        default 8787; 0 takes a free one
//   HOST        default 127.0.0.1: this machine only. 0.0.0.0 listens everywhere, for a container or a TLS proxy.
//   --no-build  serves what the last build left
// The rest of the environment is that of `gossamer-signaling`, which lists it with --help.

import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import sirv from 'sirv'
import { buildLibrary, ROOT } from './build.mjs'

const closers = []
let stopping = false

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop())

async function main() {
  try {
    if (!process.argv.includes('--no-build')) await build()
    await serve()
  } catch (error) {
    // esbuild has already printed its own errors.
    if (!Array.isArray(error.errors)) console.error(error.message)
    process.exit(1)
  }
}

async function build() {
  const startedAt = performance.now()
  await buildLibrary()
  const vite = await import('vite')
  await vite.build({ root: ROOT, configFile: resolve(ROOT, 'vite.config.ts'), logLevel: 'warn' })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`Built the library and the chat page in ${seconds} s.`)
}

async function serve() {
  for (const built of ['dist/signaling-server.js', 'dist-web/index.html']) {
    if (!existsSync(resolve(ROOT, built)))
      throw new Error(`${built} is missing: run without --no-build.`)
  }
  const { createSignalingServer, readEnvironment } = await import(
    pathToFileURL(resolve(ROOT, 'dist/signaling-server.js')).href
  )
  const environment = readEnvironment(process.env)
  if (!environment.ok) throw new Error(environment.faults.join('\n'))
  const { port, host, origin, iceServers, trustProxy } = environment.value
  const pages = sirv(resolve(ROOT, 'dist-web'), { etag: true, setHeaders })
  const server = createServer((request, response) => {
    if (signaling.respond(request, response)) return
    pages(request, response, () => {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('Not found\n')
    })
  })
  const signaling = createSignalingServer({
    server,
    iceServers,
    trustProxy,
    ...(origin !== undefined && { origin }),
    log: line => console.error(line),
  })
  closers.push(
    () => signaling.close(),
    () => closeServer(server),
  )
  await listen(server, host, port)
  if (!stopping) announce(server.address())
}

function listen(server, host, port) {
  return new Promise((fulfil, reject) => {
    server.once('error', error => reject(new Error(whyNotListening(error, host, port))))
    server.listen(port, host, fulfil)
  })
}

function whyNotListening(error, host, port) {
  if (error.code === 'EADDRINUSE') {
    return `Port ${port} is in use. Stop what listens there, or choose another: PORT=${port + 1} npm start`
  }
  if (error.code === 'EACCES') {
    return `Port ${port} may not be opened by this user. Choose one above 1023: PORT=8787 npm start`
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return `HOST=${host} is no address of this machine. Try 127.0.0.1 or 0.0.0.0.`
  }
  return `Can't listen on ${host}:${port}: ${error.message}`
}

function announce(address) {
  const everywhere = address.address === '0.0.0.0' || address.address === '::'
  console.log(
    `\n  Gossamer chat   http://${everywhere ? 'localhost' : named(address.address)}:${address.port}/`,
  )
  if (everywhere) {
    for (const other of otherAddresses())
      console.log(`                  http://${other}:${address.port}/`)
    console.log(
      '\n  Browsers give pages their keys only over https or on localhost: for other devices',
    )
    console.log('  put this port behind a proxy that speaks https.')
  }
  console.log('\n  Open it in several tabs. Ctrl-C stops.\n')
}

function named(address) {
  if (address === '127.0.0.1' || address === '::1') return 'localhost'
  return address.includes(':') ? `[${address}]` : address
}

function otherAddresses() {
  return Object.values(networkInterfaces())
    .flat()
    .filter(one => one.family === 'IPv4' && !one.internal)
    .map(one => one.address)
}

async function stop() {
  // A second Ctrl-C does not wait.
  if (stopping) process.exit(0)
  stopping = true
  setTimeout(() => process.exit(0), STOP_WITHIN_MS).unref()
  for (const close of closers) await close()
  process.exit(0)
}

function closeServer(server) {
  return new Promise(fulfil => {
    server.close(() => fulfil())
    server.closeAllConnections()
  })
}

function setHeaders(response, pathname) {
  // Names under /assets/ carry a hash of their content.
  response.setHeader(
    'cache-control',
    pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  )
  response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY)
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
}

/** What one handshake with a closing WebSocket may take, and then some. Guess. */
const STOP_WITHIN_MS = 1_500

/**
 * The library and the page need no more than 'self', and signaling at any address. Inline styles are let in for
 * browser tools: test drivers bring some when they take a screenshot.
 */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; img-src 'self' data:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

await main()

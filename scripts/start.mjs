// `npm start`: builds the library and the chat page where they changed since the last build, then serves the page and the signaling on one port.

import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import sirv from 'sirv'
import { readFlags } from '../signaling-server/flags.mjs'
import { announcement } from './announcement.mjs'
import { buildLibrary, ROOT } from './build.mjs'
import { beginBuild } from './built.mjs'
import { certificateFor } from './certificate.mjs'

const HELP = `npm start -- [flags]: builds Gossamer and its chat page where they changed since the last build, and serves the
page with signaling.

  --https         with a certificate made on the spot, and for everyone on your network: browsers give pages
                  their keys only over https or on localhost. Phones warn once, for nobody vouches for it
  --port N        default 8787; 0 takes a free one                                       (or PORT)
  --host ADDRESS  default 127.0.0.1, with --https 0.0.0.0: everyone on your network      (or HOST)
  --turn URL      a turn: URL given to everybody who connects; its secret by TURN_SECRET,
                  or TURN_USERNAME and TURN_CREDENTIAL                                    (or TURN_URL)
  --no-build      serves what the last build left
  --help, -h      this text

  The rest of the environment is that of gossamer-signaling, ORIGIN above all where strangers connect:
  npx gossamer-signaling --help.
`
const FLAGS = { https: true, port: 'PORT', host: 'HOST', turn: 'TURN_URL', 'no-build': true }

const closers = []
let stopping = false

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop())

async function main() {
  const { variables, switches, faults } = readFlags(process.argv.slice(2), FLAGS)
  if (switches.has('help')) return console.log(HELP)
  if (faults.length > 0) return fail(faults, 2)
  const isSecure = switches.has('https')
  const defaults = isSecure ? { HOST: '0.0.0.0' } : {}
  const environment = { ...defaults, ...process.env, ...variables }
  try {
    const startedAt = performance.now()
    const done = switches.has('no-build') ? undefined : await beginBuild(ROOT)
    if (done !== undefined) await buildLibrary()
    const library = await import(pathToFileURL(built('dist/signaling-server.js')).href)
    const read = library.readEnvironment(environment, name => flagOf(name, variables))
    // Before the slower half of the work, which would be for nothing.
    if (!read.ok) return fail(read.faults, 2)
    if (done !== undefined) {
      await buildPage()
      await done()
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      console.log(`Built the library and the chat page in ${seconds} s.`)
    }
    await serve(read.value, isSecure, library)
  } catch (error) {
    // esbuild has already printed its own errors.
    fail(Array.isArray(error.errors) ? [] : [error.message], 1)
  }
}

/** What a fault calls a variable: the flag, where it came as one. */
function flagOf(variable, variables) {
  const [flag] = Object.entries(FLAGS).find(([, of]) => of === variable) ?? []
  return flag !== undefined && Object.hasOwn(variables, variable) ? `--${flag}` : variable
}

/** Code 2: what was asked for is wrong. 1: it could not be done. */
function fail(faults, code) {
  for (const fault of faults) console.error(fault)
  process.exit(code)
}

async function buildPage() {
  const vite = await import('vite')
  await vite.build({ root: ROOT, configFile: resolve(ROOT, 'vite.config.ts'), logLevel: 'warn' })
}

function built(path) {
  const file = resolve(ROOT, path)
  if (!existsSync(file))
    throw new Error(`${path} is missing: npm run build, then start without --no-build.`)
  return file
}

async function serve(environment, isSecure, { createSignalingServer, warningsOf }) {
  const { port, host, origin, iceServers, trustProxy } = environment
  built('dist-web/index.html')
  const pages = sirv(resolve(ROOT, 'dist-web'), {
    etag: true,
    gzip: true,
    brotli: true,
    setHeaders,
  })
  const respond = (request, response) => {
    if (signaling.respond(request, response)) return
    pages(request, response, () => {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('Not found\n')
    })
  }
  const server = isSecure
    ? createSecureServer(await certificateFor(otherAddresses(), CACHE), respond)
    : createServer(respond)
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
  if (stopping) return
  console.log(announcement(server.address(), isSecure, otherAddresses()))
  for (const warning of warningsOf(environment)) console.error(`  ${warning}\n`)
}

function listen(server, host, port) {
  return new Promise((fulfil, reject) => {
    server.once('error', error => reject(new Error(whyNotListening(error, host, port))))
    server.listen(port, host, fulfil)
  })
}

function whyNotListening(error, host, port) {
  if (error.code === 'EADDRINUSE') {
    return `Port ${port} is in use. Stop what listens there, or choose another: npm start -- --port ${port + 1}`
  }
  if (error.code === 'EACCES') {
    return `Port ${port} may not be opened by this user. Choose one above 1023: npm start -- --port 8787`
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return `${host} is no address of this machine. Try --host 127.0.0.1 or --host 0.0.0.0.`
  }
  return `Can't listen on ${host}:${port}: ${error.message}`
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

const CACHE = resolve(ROOT, 'node_modules/.cache/gossamer')

/** What one handshake with a closing WebSocket may take, and then some. Guess. */
const STOP_WITHIN_MS = 1_500

/**
 * The library and the page need no more than 'self', and signaling at any address. Inline styles are let in for
 * browser tools: test drivers bring some when they take a screenshot.
 */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; img-src 'self' data:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

await main()

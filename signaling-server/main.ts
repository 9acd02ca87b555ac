// The command `gossamer-signaling`: signaling alone, on a port of its own.
import type { AddressInfo } from 'node:net'
import { type Environment, readEnvironment, warningsOf } from './environment.js'
import { createSignalingServer } from './server.js'

const HELP = `gossamer-signaling: introduces Gossamer peers to each other and passes their signals.

  It takes no arguments; the environment says the rest:

  PORT          where to listen; default 8787, 0 takes a free one
  HOST          default 127.0.0.1: this machine only. 0.0.0.0 listens everywhere, for a container or a TLS proxy.
  ORIGIN        the host names by which clients know this server, with commas between, such as
                signaling.example.org. Set it wherever strangers connect: unless set, each
                connection's Host header is believed.
  TRUST_PROXY   1: take clients' addresses from X-Forwarded-For. Only behind a proxy.
  ICE_SERVERS   JSON, given to clients: [{"urls":"stun:stun.example.org"}]
  TURN_URL      turn: URLs with commas between, and
  TURN_SECRET   the secret shared with that TURN server: clients get credentials that run out
  TURN_TTL_S    after so many seconds; default 86400

  Sockets at /signaling; GET /healthz answers in JSON. SIGINT or SIGTERM stops it, telling every client.
`

await main()

async function main(): Promise<void> {
  const [argument] = process.argv.slice(2)
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(HELP)
    return
  }
  if (argument !== undefined) fail([`No argument ${argument}. --help says what there is.`])
  const environment = readEnvironment(process.env)
  if (environment.ok) await serve(environment.value)
  else fail(environment.faults)
}

async function serve(environment: Environment): Promise<void> {
  const { port, host, origin, iceServers, trustProxy } = environment
  const signaling = createSignalingServer({
    iceServers,
    trustProxy,
    ...(origin === undefined ? {} : { origin }),
    log: line => console.error(line),
  })
  await new Promise<void>(resolve => {
    const failed = (error: Error) => fail([whyNotListening(error, host, port)], 1)
    signaling.server.once('error', failed)
    signaling.server.listen(port, host, () => {
      signaling.server.off('error', failed)
      resolve()
    })
  })
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      // A second one does not wait.
      for (const again of ['SIGINT', 'SIGTERM']) process.once(again, () => process.exit(0))
      void signaling.close().then(() => process.exit(0))
    })
  }
  const address = signaling.server.address() as AddressInfo
  const loopback = /^(127\.|::1$)/.test(address.address)
  const named = loopback
    ? 'localhost'
    : address.family === 'IPv6'
      ? `[${address.address}]`
      : address.address
  console.log(`Gossamer signaling at ws://${named}:${address.port}/signaling`)
  for (const warning of warningsOf(environment)) console.error(warning)
}

function whyNotListening(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use. Stop what listens there, or choose another by PORT.`
    case 'EACCES':
      return `Port ${port} may not be opened by this user. Choose one above 1023 by PORT.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST=${host} is no address of this machine. Try 127.0.0.1 or 0.0.0.0.`
    default:
      return `Can't listen on ${host}:${port}: ${error.message}`
  }
}

/** Code 2: what was asked for is wrong. 1: it could not be done. */
function fail(faults: string[], code = 2): never {
  for (const fault of faults) console.error(fault)
  process.exit(code)
}

// The command `gossamer-signaling`: signaling alone, on a port of its own.
import type { AddressInfo } from 'node:net'
import { type Environment, readEnvironment, warningsOf } from './environment.js'
import { readFlags } from './flags.mjs'
import { createSignalingServer } from './server.js'

const HELP = `gossamer-signaling introduces Gossamer peers to each other and passes their signals.

  It sees topic ids, peer ids and network addresses, and never a message. Peers need it to enter a room, not to
  stay in it. It keeps nothing: stop and start it as you like.

Usage
  npx gossamer-signaling [flags]

  Each flag is a variable of the environment as well; where both are there, the flag holds.

  --port N             PORT          where to listen; default 8787, 0 takes a free one
  --host ADDRESS       HOST          default 127.0.0.1: this machine only. 0.0.0.0 listens everywhere, for a
                                     container or a TLS proxy
  --origin HOST,…      ORIGIN        the host names by which clients know this server, such as
                                     signaling.example.org. Set it wherever strangers connect: unless set, each
                                     connection's Host header is believed
  --trust-proxy 1      TRUST_PROXY   take clients' addresses from X-Forwarded-For. Only behind a proxy
  --ice-servers JSON   ICE_SERVERS   given to clients: [{"urls":"stun:stun.example.org"}]; default none, with
                                     which, as a rule, only peers of one network connect
  --turn URL,…         TURN_URL      turn: and turns: URLs of one TURN server; with it
                       TURN_SECRET      the secret shared with it (coturn: static-auth-secret), from which each
                                        client gets credentials that run out, or
                       TURN_USERNAME, TURN_CREDENTIAL   one name and password for everybody
  --turn-ttl SECONDS   TURN_TTL_S    how long credentials are good; default 86400
  --help, -h                         this text

  Secrets have no flags: other users of a machine can read those.

Examples
  To try things out on this machine:
      npx gossamer-signaling
  Behind nginx or Caddy, which speak TLS and pass /signaling on with its Upgrade header:
      npx gossamer-signaling --origin signaling.example.org --trust-proxy 1 \\
        --ice-servers '[{"urls":"stun:stun.example.org"}]'
  With a TURN server for those whose networks let nothing else through:
      TURN_SECRET=… npx gossamer-signaling --turn turn:turn.example.org:3478?transport=udp
  Pages then open their mesh with
      Gossip.open({ signaling: 'wss://signaling.example.org/signaling' })

  Sockets are taken at /signaling; GET /healthz answers in JSON. SIGINT or SIGTERM stops it, telling every client
  when to come back. Exit codes: 0 stopped, 1 could not listen, 2 asked for something that is not there.
  To run it inside a server of your own: import { createSignalingServer } from 'gossamer/signaling-server'.
`

const FLAGS = {
  port: 'PORT',
  host: 'HOST',
  origin: 'ORIGIN',
  'trust-proxy': 'TRUST_PROXY',
  'ice-servers': 'ICE_SERVERS',
  turn: 'TURN_URL',
  'turn-ttl': 'TURN_TTL_S',
} as const

await main()

async function main(): Promise<void> {
  const { variables, switches, faults } = readFlags(process.argv.slice(2), FLAGS)
  if (switches.has('help')) {
    process.stdout.write(HELP)
    return
  }
  if (faults.length > 0) fail(faults)
  const nameOf = (variable: string) =>
    Object.hasOwn(variables, variable) ? flagOf(variable) : variable
  const environment = readEnvironment({ ...process.env, ...variables }, nameOf)
  if (environment.ok) await serve(environment.value, nameOf)
  else fail(environment.faults)
}

function flagOf(variable: string): string {
  const [flag] = Object.entries(FLAGS).find(([, of]) => of === variable)!
  return `--${flag}`
}

async function serve(
  environment: Environment,
  nameOf: (variable: string) => string,
): Promise<void> {
  const { port, host, origin, iceServers, trustProxy } = environment
  const signaling = createSignalingServer({
    iceServers,
    trustProxy,
    ...(origin === undefined ? {} : { origin }),
    log: line => console.error(line),
  })
  await new Promise<void>(resolve => {
    const failed = (error: Error) => fail([whyNotListening(error, host, port, nameOf)], 1)
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

function whyNotListening(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  nameOf: (variable: string) => string,
): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use. Stop what listens there, or choose another by --port.`
    case 'EACCES':
      return `Port ${port} may not be opened by this user. Choose one above 1023 by --port.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${nameOf('HOST')} ${host} is no address of this machine. Try 127.0.0.1 or 0.0.0.0.`
    default:
      return `Can't listen on ${host}:${port}: ${error.message}`
  }
}

/** Code 2: what was asked for is wrong. 1: it could not be done. */
function fail(faults: string[], code = 2): never {
  for (const fault of faults) console.error(fault)
  process.exit(code)
}

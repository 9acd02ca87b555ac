// The command `gossamer-peer`: a peer in a terminal.
import { readArguments } from './arguments.js'
import { runPeer } from './terminal-peer.js'

const HELP = `gossamer-peer: a peer in a terminal. Each line you type is said to the topic; what others say is printed.

  gossamer-peer --topic NAME [--period SECONDS] [--connect PEER]… [--signaling URL] [--name NICK]
                [--membership KIND]

  --topic NAME      the room to join, as in the chat page's /?room=NAME
  --period SECONDS  how often GOSP tells every neighbor the latest, where the room is a full mesh; greater than 0,
                    default 5
  --connect PEER    a peer to join through, beside those the signaling server names: the id that another
                    gossamer-peer prints at its start ("* you are …"). May be given more than once.
  --signaling URL   where peers find each other: ws:, wss:, http: or https:; default ws://localhost:8787/signaling,
                    which \`npm start\` and \`npx gossamer-signaling\` serve
  --name NICK       the name beside what you say
  --membership KIND how the room keeps its links, as all its peers must: hyparview (about five each), full-mesh (each to
                    all others), auto (full-mesh while it is small). Default as the chat page's
  --help

  It prints   * what it knows, of itself first   + who came   - who went   NICK (PEER): what was said
  The end of the input, Ctrl-C (SIGINT) or SIGTERM: it says goodbye to its neighbors and stops; a second one does
  not wait. What is said is kept in memory and given to who comes late; nothing is kept on disk, so each start is a
  new peer. Exit code 0; 1 where it could not run; 2 where it was called wrongly. It needs the package node-datachannel, which npm installs beside this one where it can.
`

await main()

async function main(): Promise<void> {
  const read = readArguments(process.argv.slice(2))
  if (!read.ok) {
    if (read.help) process.stdout.write(HELP)
    else for (const fault of read.faults) console.error(fault)
    process.exitCode = read.help ? 0 : 2
    return
  }
  hideEd25519Warning()
  const over = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      over.abort()
      // A second one does not wait.
      for (const again of ['SIGINT', 'SIGTERM']) process.once(again, () => process.exit(1))
    })
  }
  // Whoever reads us may go first.
  process.stdout.on('error', () => over.abort())
  // Complaints that nobody reads end nothing.
  process.stderr.on('error', () => {})
  const { stdin: input, stdout: output, stderr: errors } = process
  process.exitCode = await runPeer(read.value, { input, output, errors, signal: over.signal })
  input.destroy()
}

/** Node 20 says of each key that it is an experiment. */
function hideEd25519Warning(): void {
  process.removeAllListeners('warning')
  process.on('warning', warning => {
    if (!warning.message.includes('Ed25519')) console.error(`${warning.name}: ${warning.message}`)
  })
}

// The chat page as `npm start` serves it, for scripts that look at it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { ROOT } from './build.mjs'

/** Resolves with the process when it says that it serves; rejects with its words where it ends before. */
export async function served(port, flags = []) {
  const args = [resolve(ROOT, 'scripts/start.mjs'), '--port', String(port), ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk))
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the server ended:\n${said}`)
  })
  while (!said.includes('Ctrl-C')) await Promise.race([once(child.stdout, 'data'), ended])
  ended.catch(() => {})
  return child
}

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

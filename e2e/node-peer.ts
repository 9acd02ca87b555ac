// A peer in a terminal, as the bin `gossamer-peer` runs it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from '@playwright/test'

export class NodePeer {
  private said = ''
  private complaints = ''

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', chunk => (this.said += chunk))
    child.stderr?.on('data', chunk => (this.complaints += chunk))
  }

  /** Waits until it has said who it is. */
  static async start(options: Record<string, string>): Promise<NodePeer> {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    const peer = new NodePeer(
      spawn(process.execPath, ['dist/gossamer-peer.js', ...args], { cwd: ROOT }),
    )
    await peer.prints(/^\* you are [a-z2-7]{52}$/m)
    return peer
  }

  get id(): string {
    return /^\* you are (.*)$/m.exec(this.said)?.[1] ?? ''
  }

  /** Types a line and Enter. */
  say(text: string): void {
    this.child.stdin?.write(`${text}\n`)
  }

  async prints(what: RegExp): Promise<void> {
    const poll = { message: `what it prints, and complains of: ${this.complaints}`, ...PRINTS }
    await expect.poll(() => this.said, poll).toMatch(what)
  }

  /** Ctrl-C. Returns its exit code, and everything it complained of. */
  async interrupt(): Promise<{ code: number | null; complaints: string }> {
    const gone = once(this.child, 'exit')
    this.child.kill('SIGINT')
    const [code] = await gone
    return { code, complaints: this.complaints }
  }

  /** At once, without a goodbye; nothing happens where it has ended. */
  kill(): void {
    this.child.kill('SIGKILL')
  }
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** As for tabs: joins and grafts take seconds on busy cores. Guess. */
const PRINTS = { timeout: 20_000, intervals: [100] }

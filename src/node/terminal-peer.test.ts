import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSignalingServer } from '../../signaling-server/server.js'
import { readArguments } from './arguments.js'
import { runPeer } from './terminal-peer.js'

const signalingServer = createSignalingServer()
const { server } = signalingServer
let signaling = ''

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  signaling = `ws://localhost:${(server.address() as AddressInfo).port}/signaling`
})
afterAll(() => signalingServer.close())

describe('a peer in a terminal', { timeout: 30_000 }, () => {
  it('says each line, prints what others say, and who comes and goes', async () => {
    const one = new FakeTerminal('talk', 'One')
    await one.prints(/Looking for peers/)
    const other = new FakeTerminal('talk', 'Other')
    await one.prints(/^\+ [a-z2-7]{8} came$/m)
    await one.prints(/^\* [a-z2-7]{8} is Other$/m)
    one.input.write('hello\n\n  \nthere\n')
    await other.prints(/^One \([a-z2-7]{8}\): hello\nOne \([a-z2-7]{8}\): there$/m)
    other.input.end('good-bye')
    expect(await other.ended).toBe(0)
    await one.prints(/^Other \([a-z2-7]{8}\): good-bye$/m)
    await one.prints(/^- [a-z2-7]{8} went \(left\)$/m)
    one.over.abort()
    expect(await one.ended).toBe(0)
    expect(one.complaints + other.complaints).toBe('')
  })

  it('says what was piped in once there is someone to hear it', async () => {
    const listener = new FakeTerminal('pipe')
    await listener.prints(/Looking for peers/)
    const speaker = new FakeTerminal('pipe', 'Pipe')
    speaker.input.end('one\ntwo\n')
    expect(await speaker.ended).toBe(0)
    await listener.prints(/: one\n[\s\S]*: two$/m)
    listener.input.end()
    await listener.ended
  })

  it('joins through the peer it is told to connect to', async () => {
    const one = new FakeTerminal('door')
    await one.prints(/Looking for peers/)
    const [, id] = /^\* you are (.{52})$/m.exec(one.printed)!
    const other = new FakeTerminal('door', 'Other', '--connect', id!)
    await other.prints(new RegExp(`^\\+ ${id!.slice(0, 8)} came$`, 'm'))
    for (const terminal of [one, other]) terminal.over.abort()
    await Promise.all([one.ended, other.ended])
  })

  it('is in a full mesh of three, where everybody hears everybody in one hop', async () => {
    const full = ['--membership', 'full-mesh', '--period', '0.5']
    const all = ['A', 'B', 'C'].map(name => new FakeTerminal('full', name, ...full))
    for (const one of all) await one.prints(/Talking to 2 neighbors/)
    all[0]!.input.write('all?\n')
    for (const one of all.slice(1)) await one.prints(/^A \([a-z2-7]{8}\): all\?$/m)
    for (const one of all) one.over.abort()
    await Promise.all(all.map(one => one.ended))
  })

  it('goes on where a line is too long', async () => {
    const one = new FakeTerminal('long')
    one.input.write(`${'x'.repeat(5_000)}\n`)
    await one.complains(/^Not sent: The message has \d+ bytes; this topic allows 4096/m)
    one.input.end()
    expect(await one.ended).toBe(0)
  })

  it('says good-bye where its input can’t be read', async () => {
    const one = new FakeTerminal('broken')
    await one.prints(/Looking for peers/)
    one.input.destroy(new Error('EIO: i/o error, read'))
    await one.complains(/^The input can’t be read any more: EIO: i\/o error, read$/m)
    expect(await one.ended).toBe(0)
  })

  it('keeps no more than it must for a terminal that is slow, and loses nothing that was said', async () => {
    const slow = new FakeTerminal('slow')
    await slow.prints(/Looking for peers/)
    const other = new FakeTerminal('slow', 'Other')
    await slow.prints(/^\* [a-z2-7]{8} is Other$/m)
    slow.pause()
    for (let n = 0; n < 200; n++) other.input.write(`${n} ${'x'.repeat(1_000)}\n`)
    other.input.end()
    await other.ended
    expect(slow.held).toBeLessThan(50_000)
    slow.resume()
    await slow.prints(/: 199 x+$/m)
    slow.input.end()
    await slow.ended
    expect(slow.printed.match(/: \d+ x+$/gm)).toHaveLength(200)
  })

  it('ends though nobody reads what it prints', async () => {
    const one = new FakeTerminal('unread')
    await one.prints(/Looking for peers/)
    one.pause()
    const other = new FakeTerminal('unread', 'Other')
    for (let n = 0; n < 100; n++) other.input.write(`${n} ${'x'.repeat(1_000)}\n`)
    other.input.end()
    await other.ended
    one.input.end()
    expect(await one.ended).toBe(0)
  })

  it('shows no letter that a terminal would obey', async () => {
    const one = new FakeTerminal('esc')
    await one.prints(/Looking for peers/)
    const other = new FakeTerminal('esc', 'Other')
    other.input.end('\u001b[2J\u0007red\u202ethgir\n')
    await one.prints(/: \[2Jredthgir$/m)
    one.over.abort()
    await Promise.all([one.ended, other.ended])
  })

  it('stops at once while it is still opening', async () => {
    const one = new FakeTerminal('early')
    one.over.abort()
    expect(await one.ended).toBe(0)
  })
})

class FakeTerminal {
  readonly input = new PassThrough()
  readonly over = new AbortController()
  readonly ended: Promise<number>
  printed = ''
  complaints = ''
  readonly #output = new PassThrough()
  readonly #errors = new PassThrough()

  constructor(topic: string, name = '', ...more: string[]) {
    const given = ['--topic', topic, '--signaling', signaling, '--name', name, ...more]
    const read = readArguments(given)
    if (!read.ok) throw new Error('wrong arguments')
    this.#output.on('data', chunk => (this.printed += chunk))
    this.#errors.on('data', chunk => (this.complaints += chunk))
    const { input, over } = this
    this.ended = runPeer(read.value, {
      input,
      output: this.#output,
      errors: this.#errors,
      signal: over.signal,
    })
  }

  /** Nothing is read from its output any more. */
  pause(): void {
    this.#output.pause()
  }

  resume(): void {
    this.#output.resume()
  }

  /** Printed and not read, bytes. */
  get held(): number {
    return this.#output.readableLength + this.#output.writableLength
  }

  async prints(what: RegExp): Promise<void> {
    while (!what.test(this.printed)) await once(this.#output, 'data')
  }

  async complains(what: RegExp): Promise<void> {
    while (!what.test(this.complaints)) await once(this.#errors, 'data')
  }
}

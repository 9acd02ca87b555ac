import { Random } from '../core/random.js'
import { LINK_DEFAULTS, type LinkConfig } from './config.js'
import { type LinkInput, LinkMachine, type LinkOutput } from './link.js'

/** Two machines with a reliable ordered channel between them, in virtual time. */
export class Pipe {
  now = 1_000_000
  readonly a: End
  readonly b: End

  constructor({ seed = 1, delayMs = 10, config = {} as Partial<LinkConfig>, open = true } = {}) {
    const whole = { ...LINK_DEFAULTS, ...config }
    this.a = new End(new LinkMachine(whole, new Random(seed)), delayMs)
    this.b = new End(new LinkMachine(whole, new Random(seed + 1)), delayMs)
    this.a.other = this.b
    this.b.other = this.a
    if (open) for (const end of [this.a, this.b]) this.put(end, { type: 'opened' })
  }

  /** One task of the machine's runtime. */
  put(end: End, ...inputs: LinkInput[]): LinkOutput[] {
    return end.task(this.now, inputs)
  }

  /** Lets time pass: packets arrive, deadlines ring. */
  run(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const at = Math.min(this.a.nextAt, this.b.nextAt)
      if (at > until) break
      this.now = Math.max(this.now, at)
      for (const end of [this.a, this.b]) end.turn(this.now)
    }
    this.now = until
  }
}

export class End {
  other!: End
  readonly outputs: LinkOutput[] = []
  /** Packets on their way here. */
  readonly arriving: { at: number; packet: Uint8Array }[] = []
  /** Every packet that was written here. */
  readonly written: Uint8Array[] = []
  /** Nothing leaves while true; packets stay in the channel. */
  stuck = false
  /** How often a deadline rang. */
  rings = 0
  /** What is written is lost. */
  cut = false
  private held: Uint8Array[] = []

  constructor(
    readonly machine: LinkMachine,
    private readonly delayMs: number,
  ) {}

  get delivered(): Uint8Array[] {
    return this.outputs.flatMap(each => (each.type === 'deliver' ? [each.frame] : []))
  }

  /** The types of all outputs but writes and deliveries. */
  get said(): string[] {
    return this.outputs.flatMap(each =>
      each.type === 'write' || each.type === 'deliver' ? [] : [each.type],
    )
  }

  get nextAt(): number {
    const wake = this.machine.nextDeadline?.at ?? Number.POSITIVE_INFINITY
    return Math.min(wake, this.arriving[0]?.at ?? Number.POSITIVE_INFINITY)
  }

  task(now: number, inputs: LinkInput[]): LinkOutput[] {
    const from = this.outputs.length
    for (const input of inputs) this.perform(now, this.machine.handle(now, input))
    this.perform(now, this.machine.handle(now, { type: 'flush' }))
    return this.outputs.slice(from)
  }

  turn(now: number): void {
    const inputs: LinkInput[] = []
    while (this.arriving[0] !== undefined && this.arriving[0].at <= now) {
      inputs.push({ type: 'packet', bytes: this.arriving.shift()!.packet })
    }
    if ((this.machine.nextDeadline?.at ?? Number.POSITIVE_INFINITY) <= now) {
      inputs.push({ type: 'wake' })
      this.rings++
    }
    if (inputs.length > 0) this.task(now, inputs)
  }

  /** The channel lets go of what it held. */
  release(now: number): void {
    this.stuck = false
    const held = this.held
    this.held = []
    for (const packet of held) this.send(now, packet)
    this.task(now, [{ type: 'buffered', amount: 0 }])
  }

  private perform(now: number, outputs: LinkOutput[]): void {
    this.outputs.push(...outputs)
    let wrote = false
    for (const each of outputs) {
      if (each.type !== 'write') continue
      this.write(now, each.packet)
      wrote = true
    }
    if (!wrote) return
    const amount = this.held.reduce((sum, packet) => sum + packet.length, 0)
    this.perform(now, this.machine.handle(now, { type: 'buffered', amount }))
  }

  private write(now: number, packet: Uint8Array): void {
    this.written.push(packet)
    if (this.stuck) this.held.push(packet)
    else this.send(now, packet)
  }

  private send(now: number, packet: Uint8Array): void {
    if (!this.cut) this.other.arriving.push({ at: now + this.delayMs, packet: packet.slice() })
  }
}

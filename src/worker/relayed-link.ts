import type { Link, LinkListener } from './link.js'

/** A link whose channel stays on the page: bytes travel over the port, a task's worth at a time. */
export class RelayedLink implements Link {
  readonly #post: (packets: Uint8Array[]) => void
  readonly #hangUp: () => void
  readonly #listener: LinkListener
  readonly kind = 'relayed'
  /** What the page last said its channel holds, and what was handed over since. */
  #held = 0
  #batch: Uint8Array[] = []
  #isOpen = false
  #isClosed = false

  constructor(post: (packets: Uint8Array[]) => void, hangUp: () => void, listener: LinkListener) {
    this.#post = post
    this.#hangUp = hangUp
    this.#listener = listener
  }

  get bufferedAmount(): number {
    return this.#held
  }

  send(packet: Uint8Array): void {
    if (this.#isClosed) return
    this.#held += packet.length
    // A copy of its own: a view would take its whole buffer along through the port.
    if (this.#batch.push(packet.slice()) === 1) queueMicrotask(() => this.#flush())
  }

  /** The page reports after every batch as it is. */
  awaitEmpty(): void {}

  close(): void {
    this.#flush()
    this.#isClosed = true
    this.#hangUp()
  }

  // ——— what the page reports

  opened(): void {
    if (this.#isOpen || this.#isClosed) return
    this.#isOpen = true
    this.#listener.opened()
  }

  packets(packets: readonly Uint8Array[]): void {
    this.opened()
    for (const packet of packets) if (!this.#isClosed) this.#listener.packet(packet)
  }

  buffered(amount: number): void {
    this.#held = amount
    this.#listener.drained()
  }

  closed(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#listener.closed(reason)
  }

  #flush(): void {
    if (this.#batch.length === 0 || this.#isClosed) return
    const packets = this.#batch
    this.#batch = []
    this.#post(packets)
  }
}

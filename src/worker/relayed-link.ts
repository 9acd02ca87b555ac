import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import type { Link, LinkListener } from './link.js'
import type { PeerLink } from './peer-link.js'

/** What the page reports of a link whose bytes it relays. */
export type RelayReport = Extract<
  RtcReport,
  { type: 'rtc-relaying' | `rtc-relay-${'open' | 'packets' | 'buffered'}` }
>

/** Acts upon it; `link` is the one it names, where there is one. */
export function relay(
  link: PeerLink | undefined,
  report: RelayReport,
  order: (order: RtcOrder) => void,
): void {
  if (link === undefined) return
  if (report.type === 'rtc-relaying') {
    const { peer, epoch } = link
    link.attach(
      new RelayedLink(
        packets => order({ type: 'rtc-relay-packets', peer, epoch, packets }),
        () => order({ type: 'rtc-hang-up', peer, epoch }),
        link,
      ),
    )
    return
  }
  const { transport } = link
  if (!(transport instanceof RelayedLink)) return
  if (report.type === 'rtc-relay-open') transport.opened()
  else if (report.type === 'rtc-relay-packets') transport.packets(report.packets)
  else transport.buffered(report.amount)
}

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

  closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#listener.closed()
  }

  #flush(): void {
    if (this.#batch.length === 0 || this.#isClosed) return
    const packets = this.#batch
    this.#batch = []
    this.#post(packets)
  }
}

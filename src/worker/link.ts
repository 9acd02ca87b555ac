/**
 * The port: one channel as the worker sees it, whether it was lent or its bytes are relayed by the page.
 * Listeners are set in the task that receives it (late ones lose what came before: browser-facts §2).
 */
export interface Link {
  readonly kind: 'lent' | 'relayed'
  /** Bytes handed over and not yet on their way. */
  readonly bufferedAmount: number
  send(packet: Uint8Array): void
  close(): void
}

export interface LinkListener {
  /** At most once. */
  opened(): void
  packet(bytes: Uint8Array): void
  /** The channel holds less than `lowWaterBytes` again (link/config.ts). */
  drained(): void
  /** At most once, also when never opened. */
  closed(): void
}

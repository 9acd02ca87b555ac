import type { Millis, PeerId } from '../../ids.js'
import { Exchanges } from '../exchanges.js'
import type { ErrorCode } from '../messages.js'
import type { ReconcilerOptions, ReconcilerOutput } from '../reconciler.js'
import type { WaveMessage } from './messages.js'
import type { Conversation, Heard, State } from './state.js'

/** What is said, whose turn it is then, and how exchanges end: a result or an error closes. */
export class Talk {
  readonly exchanges: Exchanges<State>
  /** There is more to be had of this peer, exchange by exchange: meanwhile nobody else need give it too. */
  #catchingUp: PeerId | undefined
  #out: ReconcilerOutput<WaveMessage>[] = []

  constructor({ random, config }: ReconcilerOptions) {
    this.exchanges = new Exchanges(random, config.exchangeTimeoutMs)
  }

  take(): ReconcilerOutput<WaveMessage>[] {
    const out = this.#out
    this.#out = []
    return out
  }

  put(output: ReconcilerOutput<WaveMessage>): void {
    this.#out.push(output)
  }

  say(now: Millis, exchange: Conversation, message: Heard): void {
    this.exchanges.pass(now, exchange, 'theirs')
    this.put({ type: 'send', to: exchange.peer, message })
  }

  /** What would be given to us in this exchange is being given in another already. */
  isCatchingUpWithout(exchange: Conversation): boolean {
    if (this.#catchingUp !== undefined && this.#catchingUp !== exchange.peer) return true
    return [...this.exchanges].some(other => other !== exchange && other.state.parts > 0)
  }

  finish(exchange: Conversation): void {
    this.exchanges.close(exchange)
    this.#ended(exchange, true)
  }

  /** Against the rules: close, answer where it was a method, blame. */
  violated(exchange: Conversation, reply: ErrorCode | undefined): void {
    this.blame(exchange.peer, 'bad-exchange')
    this.fail(exchange, reply)
  }

  fail(exchange: Conversation, reply: ErrorCode | undefined): void {
    if (reply !== undefined) this.refuse(exchange.peer, exchange.id, reply)
    this.exchanges.close(exchange)
    this.#ended(exchange, false)
  }

  timeOut(exchange: Conversation): void {
    this.count('exchange-timeouts')
    this.refuse(exchange.peer, exchange.id, 'timeout')
    this.exchanges.close(exchange, true)
    this.#ended(exchange, false)
  }

  refuse(to: PeerId, exchange: number, code: ErrorCode): void {
    this.put({ type: 'send', to, message: { type: 'exchange-error', exchange, code } })
  }

  /** The link is gone. */
  forget(peer: PeerId): void {
    for (const exchange of this.exchanges.forget(peer)) this.#ended(exchange, false)
    if (this.#catchingUp === peer) this.#catchingUp = undefined
  }

  blame(
    peer: PeerId,
    reason: 'bad-exchange' | 'unasked-reply' | 'broken-promise' | 'limit-exceeded',
  ): void {
    this.put({ type: 'blame', peer, reason })
  }

  count(counter: string): void {
    this.put({ type: 'count', counter })
  }

  #ended({ peer, opened, state }: Conversation, ok: boolean): void {
    const { gained, given } = state
    const [again, level] = [ok && state.again, ok && state.level]
    if (again) this.#catchingUp = peer
    else if (this.#catchingUp === peer && opened) this.#catchingUp = undefined
    this.count(ok ? 'exchanges' : 'exchanges-broken')
    this.put({ type: 'ended', end: { peer, opened, ok, gained, given, again, level } })
  }
}

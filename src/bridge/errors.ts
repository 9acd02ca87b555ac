/** What went wrong, for programs. Codes are stable; the text beside them is for people and is not. */
export type ErrorCode =
  /** An argument or option is not allowed; the message names it, what was given and what is allowed. */
  | 'invalid-argument'
  /** A payload has more bytes than the topic allows. */
  | 'message-too-large'
  /** The topic was left or the gossip shut down. */
  | 'closed'
  /** A topic is being read already: its events go to one reader. */
  | 'already-reading'
  /** Too much is under way; wait for some of it. */
  | 'busy'
  /** No https, no localhost, or no Ed25519: there can be no identity here. */
  | 'insecure-context'
  /** The worker did not start or did not answer. */
  | 'worker-unavailable'
  /** The worker, or whatever is behind the port, died after it had started. */
  | 'worker-gone'
  /** What only some pages or topics need is a file of its own, and it could not be loaded. */
  | 'protocol-unavailable'
  /** Nothing answered on the port. */
  | 'no-answer'
  /** This side can't do that, for example adopt a channel through another tab's node. */
  | 'unsupported'
  /** The topic is open on this node with other terms (signed, membership, history, size). */
  | 'terms-differ'
  /** The node's store failed where it was needed. */
  | 'storage-failed'
  /** The node failed in a way that has no code of its own; the message says how. */
  | 'failed'

/** Every error that Gossamer throws or rejects with, except the reason of an aborted signal, which is passed on as it is. */
export class GossamerError extends Error {
  override readonly name = 'GossamerError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** What a failure says of itself. */
export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** The error for a code that came over a port; one this version does not know is told as `failed`. */
export function errorOf(code: string, message: string): GossamerError {
  return isCode(code)
    ? new GossamerError(code, message)
    : new GossamerError('failed', `${message} (${code})`)
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(CODES, code)
}

const CODES: Record<ErrorCode, true> = {
  'invalid-argument': true,
  'message-too-large': true,
  closed: true,
  'already-reading': true,
  busy: true,
  'insecure-context': true,
  'worker-unavailable': true,
  'worker-gone': true,
  'protocol-unavailable': true,
  'no-answer': true,
  unsupported: true,
  'terms-differ': true,
  'storage-failed': true,
  failed: true,
}

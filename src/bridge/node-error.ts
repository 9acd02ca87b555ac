/** A failure of the node with its stable code; it crosses the port as code and sentence. */
export class NodeError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
    this.name = 'NodeError'
  }
}

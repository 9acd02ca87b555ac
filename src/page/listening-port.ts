import { adaptPort, type MessagePortLike, type Port } from '../bridge/port.js'

/** The port itself where it can move into a worker, else one end of a channel whose other end we carry on. */
export function transferablePort(port: MessagePortLike | Port): MessagePort {
  if (port instanceof MessagePort) return port
  const { port1, port2 } = new MessageChannel()
  const outer = adaptPort(port)
  const inner = adaptPort(port1)
  outer.onmessage = message => inner.postMessage(message)
  inner.onmessage = message => outer.postMessage(message)
  outer.onclose = () => inner.close()
  inner.onclose = () => outer.close()
  return port2
}

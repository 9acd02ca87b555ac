import { describe, expect, it, vi } from 'vitest'
import { adaptPort, createPortPair, type MessagePortLike } from './port.js'

describe('a port', () => {
  it('keeps what comes before anyone reads, in order', async () => {
    const [a, b] = createPortPair()
    a.postMessage(1)
    a.postMessage(2)
    await tick()
    const heard: unknown[] = []
    b.onmessage = message => heard.push(message)
    a.postMessage(3)
    await tick()
    expect(heard).toEqual([1, 2, 3])
  })

  it('says once that the other end closed, also to one who asks later, and not of its own closing', async () => {
    const [a, b] = createPortPair()
    const ours = vi.fn()
    const theirs = vi.fn()
    a.onclose = ours
    b.onclose = theirs
    a.close()
    await tick()
    expect(theirs).toHaveBeenCalledOnce()
    expect(ours).not.toHaveBeenCalled()
    const later = vi.fn()
    b.onclose = later
    expect(later).toHaveBeenCalledOnce()
  })

  it('neither sends nor hears anything after it was closed', async () => {
    const [a, b] = createPortPair()
    const heard = vi.fn()
    b.onmessage = heard
    a.onmessage = heard
    a.close()
    a.postMessage(1)
    b.postMessage(2)
    await tick()
    expect(heard).not.toHaveBeenCalled()
  })

  it('a port is its own adapter', () => {
    const [a] = createPortPair()
    expect(adaptPort(a)).toBe(a)
  })

  it('a pair clones what it carries and moves what is transferred', async () => {
    const [a, b] = createPortPair()
    const heard: unknown[] = []
    b.onmessage = message => heard.push(message)
    const kept = { list: [1] }
    const moved = new Uint8Array(3)
    a.postMessage(kept)
    a.postMessage(moved, [moved.buffer])
    kept.list.push(2)
    await tick()
    expect(heard).toEqual([{ list: [1] }, new Uint8Array(3)])
    expect(moved.length).toBe(0)
    expect(() => a.postMessage(() => {})).toThrow()
  })
})

describe('adaptPort', () => {
  it('speaks through a MessagePort', async () => {
    const { port1, port2 } = new MessageChannel()
    const [a, b] = [adaptPort(port1), adaptPort(port2)]
    const heard = new Promise(resolve => (b.onmessage = resolve))
    const closed = new Promise(resolve => (b.onclose = resolve))
    a.postMessage({ hello: 1 })
    expect(await heard).toEqual({ hello: 1 })
    a.close()
    await closed
  })

  it('speaks through Node’s listeners, which get values and not events', () => {
    const listeners: Record<string, (...values: unknown[]) => void> = {}
    const posted: unknown[] = []
    const port = adaptPort({
      postMessage: (message: unknown) => posted.push(message),
      on: (type, listener) => void (listeners[type] = listener),
      addEventListener: () => expect.unreachable(),
    })
    const heard: unknown[] = []
    port.onmessage = message => heard.push(message)
    listeners['message']!('x')
    port.postMessage('y')
    expect([heard, posted]).toEqual([['x'], ['y']])
    const closed = vi.fn()
    port.onclose = closed
    listeners['error']!(new Error('boom'))
    listeners['exit']!(1)
    expect(closed.mock.calls).toEqual([['boom']])
  })

  it('speaks through something that only calls its onmessage', () => {
    const source: MessagePortLike & { onmessage?: (event: { data: unknown }) => void } = {
      postMessage: () => {},
    }
    const heard: unknown[] = []
    adaptPort(source).onmessage = message => heard.push(message)
    source.onmessage!({ data: 7 })
    expect(heard).toEqual([7])
  })

  it('tells a worker that fails without a message', () => {
    const target = new EventTarget()
    const port = adaptPort(Object.assign(target, { postMessage: () => {} }))
    const closed = vi.fn()
    port.onclose = closed
    target.dispatchEvent(new Event('error'))
    expect(closed.mock.calls).toEqual([['it failed without saying why']])
  })

  it('gives up a port whose messages nobody ever reads', () => {
    const target = new EventTarget()
    const port = adaptPort(Object.assign(target, { postMessage: () => {} }))
    const closed = vi.fn()
    port.onclose = closed
    for (let i = 0; i <= 4_096; i++) target.dispatchEvent(new MessageEvent('message', { data: i }))
    expect(closed).toHaveBeenCalledOnce()
  })
})

function tick(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

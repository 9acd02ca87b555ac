import { afterEach, describe, expect, it, vi } from 'vitest'
import { watchPage } from './lifecycle.js'
import { PageSlot } from './page-slot.js'

describe('the page’s life', () => {
  it('is told as it happens, until it is no longer watched', () => {
    const { window, document } = page()
    const states: string[] = []
    const stop = watchPage(state => states.push(state))
    for (const type of ['online', 'pagehide']) window.dispatchEvent(new Event(type))
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }))
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    document.visibilityState = 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    document.visibilityState = 'visible'
    document.dispatchEvent(new Event('visibilitychange'))
    expect(states).toEqual(['online', 'leaving', 'restored', 'visible'])
    stop()
    window.dispatchEvent(new Event('online'))
    expect(states).toHaveLength(4)
  })

  it('is not watched where there is no page', () => {
    const tell = vi.fn()
    watchPage(tell)()
    expect(tell).not.toHaveBeenCalled()
  })
})

describe('the page’s slot', () => {
  it('is nothing where the page may keep nothing', () => {
    vi.stubGlobal('sessionStorage', {
      getItem() {
        throw new Error('SecurityError')
      },
      setItem() {
        throw new Error('QuotaExceededError')
      },
    })
    const slot = PageSlot.claim('a')
    slot.value = 3
    expect(slot.value).toBeUndefined()
    slot.free()
  })

  it('is nothing where what is kept is no slot', () => {
    vi.stubGlobal('sessionStorage', { getItem: () => '-1', setItem: () => {} })
    const slot = PageSlot.claim('a')
    expect(slot.value).toBeUndefined()
    slot.free()
  })

  it('each node of a page has its own, and a place that was freed is taken again', () => {
    const kept = new Map<string, string>()
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    })
    const first = PageSlot.claim('a')
    const second = PageSlot.claim('a')
    const elsewhere = PageSlot.claim('b')
    first.value = 1
    second.value = 2
    expect([first.value, second.value, elsewhere.value]).toEqual([1, 2, undefined])
    first.free()
    expect(PageSlot.claim('a').value).toBe(1)
  })
})

function page() {
  const window = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  vi.stubGlobal('window', window)
  vi.stubGlobal('document', document)
  return { window, document }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

/**
 * Which identity slot this page had before a reload, in sessionStorage, which a tab keeps for itself. The
 * second node of one page has a slot of its own, so they are told apart by the order of their opening.
 */
export class PageSlot {
  readonly #key: string
  readonly #release: () => void

  private constructor(key: string, release: () => void) {
    this.#key = key
    this.#release = release
  }

  static claim(storageName: string): PageSlot {
    const taken = TAKEN.get(storageName) ?? new Set()
    TAKEN.set(storageName, taken)
    let place = 0
    while (taken.has(place)) place++
    taken.add(place)
    return new PageSlot(`gossamer slot ${storageName} ${place}`, () => taken.delete(place))
  }

  /** Undefined on the first visit, and where the page may keep nothing. */
  get value(): number | undefined {
    try {
      const text = sessionStorage.getItem(this.#key)
      return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : undefined
    } catch {
      return undefined
    }
  }

  /** Without a place to keep it, a reload takes a free slot: another identity, nothing worse. */
  set value(slot: number) {
    try {
      sessionStorage.setItem(this.#key, String(slot))
    } catch {
      // Blocked or full, or there is no sessionStorage (Node).
    }
  }

  free(): void {
    this.#release()
  }
}

const TAKEN = new Map<string, Set<number>>()

// Which of an origin's identities this worker is. Each lives in a numbered slot with a store of its own;
// the Web Lock of its name says that someone is using it, and falls with the worker, however that ends.

/** A slot that is ours until it is released. */
export interface Slot {
  readonly slot: number
  /**
   * Whether a lock guards it. Without one (no Web Locks, or every slot taken) the number is drawn at
   * random and means nothing: two tabs that used one store would sign with one key and repeat each
   * other's sequence numbers, so the store must be the one in memory.
   */
  readonly held: boolean
  release(): void
}

export interface TakeSlotOptions {
  /** `navigator.locks`, where the browser has it. */
  locks: Pick<LockManager, 'request'> | undefined
  /** The application's name: its slots are its own. */
  name: string
  /** The slot this page had before a reload. */
  remembered: number | undefined
  /** How long to wait for the remembered slot: its former worker may take a moment to die. */
  waitMs?: number
}

/**
 * The remembered slot if it becomes free in time, else the first free one. So a reload gets its identity
 * back, a duplicated tab (which remembers what its original holds) gets its own, and two tabs reloaded
 * at once don't swap: neither takes a slot while its owner still waits for it, unless it comes new.
 */
export async function takeSlot(options: TakeSlotOptions): Promise<Slot> {
  const { locks, name, remembered, waitMs = RELOAD_WAIT_MS } = options
  if (locks !== undefined) {
    try {
      if (isSlot(remembered)) {
        const slot = await waitForSlot(locks, name, remembered, waitMs)
        if (slot !== undefined) return slot
      }
      for (let number = 0; number < SLOTS; number++) {
        const slot = await lock(locks, name, number, { ifAvailable: true })
        if (slot !== undefined) return slot
      }
    } catch (cause) {
      // Sandboxed frames have the interface and refuse its use; they fare like browsers without it.
      if (!(cause instanceof DOMException)) throw cause
    }
  }
  return { slot: SLOTS + Math.floor(Math.random() * UNHELD_SLOTS), held: false, release() {} }
}

async function waitForSlot(
  locks: Pick<LockManager, 'request'>,
  name: string,
  number: number,
  waitMs: number,
): Promise<Slot | undefined> {
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(), waitMs)
  try {
    return await lock(locks, name, number, { signal: waiting.signal })
  } catch (cause) {
    if (waiting.signal.aborted) return undefined
    throw cause
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when the lock is ours (undefined: it was not available) and holds it until the release. */
function lock(
  locks: Pick<LockManager, 'request'>,
  name: string,
  number: number,
  options: LockOptions,
): Promise<Slot | undefined> {
  return new Promise((resolve, reject) => {
    const held = (granted: Lock | null): Promise<void> | undefined => {
      if (granted === null) {
        resolve(undefined)
        return undefined
      }
      return new Promise<void>(release => resolve({ slot: number, held: true, release }))
    }
    locks.request(`gossamer:${name}:${number}`, options, held).catch(reject)
  })
}

function isSlot(number: number | undefined): number is number {
  return Number.isInteger(number) && number! >= 0 && number! < SLOTS
}

/** Design §4. */
const RELOAD_WAIT_MS = 500

/** Identities of one application in one browser profile at a time. Guess: above the tabs anyone opens. */
const SLOTS = 64

/** Room for numbers that no one else draws. */
const UNHELD_SLOTS = 2 ** 31

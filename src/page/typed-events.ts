/**
 * An EventTarget whose events are known by name; each arrives as a `CustomEvent` with its value in `detail`.
 * It knows who listens, so that nothing is made for an event nobody wants.
 */
export class TypedEvents<Events extends { [Type in keyof Events]: unknown }> extends EventTarget {
  readonly #listeners = new Map<string, Listener[]>()

  override addEventListener<Type extends keyof Events & string>(
    type: Type,
    listener: ListenerOf<Events[Type]> | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListenerOrEventListenerObject | null, options)
    const { once, signal } = typeof options === 'object' ? options : NO_OPTIONS
    if (listener === null || signal?.aborted === true) return
    const capture = isCapture(options)
    const known = this.#listeners.get(type) ?? []
    if (known.some(one => one.listener === listener && one.capture === capture)) return
    known.push({ listener, capture, once: once === true })
    this.#listeners.set(type, known)
    signal?.addEventListener('abort', () => this.#forget(type, listener, capture), { once: true })
    this.listened(type)
  }

  override removeEventListener<Type extends keyof Events & string>(
    type: Type,
    listener: ListenerOf<Events[Type]> | null,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener as EventListenerOrEventListenerObject | null, options)
    this.#forget(type, listener, isCapture(options))
  }

  /** Somebody began to listen. */
  protected listened(_type: keyof Events & string): void {}

  /** For the one who owns the target. */
  static listens(target: TypedEvents<never>, type: string): boolean {
    return target.#listeners.has(type)
  }

  /** Likewise: to anything but these. */
  static listensToOther(target: TypedEvents<never>, types: readonly string[]): boolean {
    return [...target.#listeners.keys()].some(type => !types.includes(type))
  }

  /** For the one who owns the target: nothing happens where nobody listens. */
  static emit<
    Events extends { [Type in keyof Events]: unknown },
    Type extends keyof Events & string,
  >(target: TypedEvents<Events>, type: Type, detail: Events[Type]): void {
    const known = target.#listeners.get(type)
    if (known === undefined) return
    for (const one of known.filter(({ once }) => once)) {
      target.#forget(type, one.listener, one.capture)
    }
    target.dispatchEvent(new CustomEvent(type, { detail }))
  }

  #forget(type: string, listener: unknown, capture: boolean): void {
    const left = this.#listeners
      .get(type)
      ?.filter(one => one.listener !== listener || one.capture !== capture)
    if (left === undefined) return
    if (left.length === 0) this.#listeners.delete(type)
    else this.#listeners.set(type, left)
  }
}

export type ListenerOf<Detail> =
  | ((event: CustomEvent<Detail>) => void)
  | { handleEvent(event: CustomEvent<Detail>): void }

interface Listener {
  listener: unknown
  capture: boolean
  once: boolean
}

function isCapture(options: boolean | EventListenerOptions | undefined): boolean {
  return typeof options === 'object' ? options.capture === true : options === true
}

const NO_OPTIONS: AddEventListenerOptions = {}

import { GossamerError } from '../bridge/errors.js'

// Checks of what callers give. Each throws `invalid-argument` with the argument's name, what was given and
// what is allowed; each returns the value where it is right.

export function refuse(name: string, given: unknown, allowed: string): never {
  const text = `${name} is ${allowed}; given was ${show(given)}.`
  throw new GossamerError('invalid-argument', text)
}

/** An object with none but the allowed keys. */
export function checkKeys(name: string, given: unknown, allowed: readonly string[]): object {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    refuse(name, given, 'an object')
  }
  for (const key of Object.keys(given)) {
    if (!allowed.includes(key)) {
      const text = `${name} has no option ${show(key)}; there are ${allowed.join(', ')}.`
      throw new GossamerError('invalid-argument', text)
    }
  }
  return given
}

export function checkInteger(name: string, given: unknown, least: number, most: number): number {
  const isRight =
    Number.isSafeInteger(given) && (given as number) >= least && (given as number) <= most
  return isRight
    ? (given as number)
    : refuse(name, given, `a whole number from ${least} to ${most}`)
}

export function checkOneOf<Value extends string>(
  name: string,
  given: unknown,
  values: readonly Value[],
): Value {
  const isRight = values.includes(given as Value)
  return isRight ? (given as Value) : refuse(name, given, values.map(show).join(' or '))
}

export function checkBoolean(name: string, given: unknown): boolean {
  return typeof given === 'boolean' ? given : refuse(name, given, 'true or false')
}

export function checkSignal(name: string, given: unknown): AbortSignal | undefined {
  if (given === undefined) return undefined
  const isRight =
    typeof given === 'object' && given !== null && 'aborted' in given && 'addEventListener' in given
  return isRight ? (given as AbortSignal) : refuse(name, given, 'an AbortSignal')
}

/** Of options that hold nothing else. */
export function checkWait(given: unknown): AbortSignal | undefined {
  const { signal } = checkKeys('options', given, ['signal']) as { signal?: unknown }
  return checkSignal('signal', signal)
}

/** The bytes as they stand: not copied. Arrays of other frames and realms are welcome. */
export function checkBytes(name: string, given: unknown): Uint8Array {
  // What calls itself so may be none: an object of that name, a proxy, a buffer that was transferred.
  try {
    const kind = Object.prototype.toString.call(given)
    if (kind === '[object Uint8Array]' && ArrayBuffer.isView(given)) return given as Uint8Array
    if (kind === '[object ArrayBuffer]') {
      const bytes = new Uint8Array(given as ArrayBuffer)
      if (bytes.buffer === given) return bytes
    }
  } catch {}
  const hint =
    typeof given === 'string' ? ' (text becomes bytes by new TextEncoder().encode(text))' : ''
  return refuse(name, given, `a Uint8Array or an ArrayBuffer${hint}`)
}

/** A value as people read it, cut where it is long. */
export function show(value: unknown): string {
  if (typeof value === 'string') return cut(JSON.stringify(value))
  if (typeof value === 'object' && value !== null) return showObject(value)
  if (typeof value === 'function') return 'a function'
  return cut(String(value))
}

function showObject(value: object): string {
  try {
    const kind = Object.prototype.toString.call(value).slice(8, -1)
    const { length } = value as { length?: unknown }
    return typeof length === 'number' ? `${kind} of ${length}` : kind
  } catch {
    // A proxy need not answer.
    return 'an object'
  }
}

function cut(text: string): string {
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`
}

const SHOWN_CHARS = 80

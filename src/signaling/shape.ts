// What a value out of JSON must look like, in functions that read it. By hand, because a worker carries it:
// docs/decisions/0004-json-is-read-by-hand.md. Everything has a bound, and nothing of a stranger's text is repeated.

/** Reads a value at a place; throws a `Misfit` where it has another shape. `In` is what lies in JSON, `Out` what is made of it. */
export interface Shape<Out, In = Out> {
  (value: unknown, place: string): Out
  /** For the compiler only. */
  readonly given?: In | undefined
}

export type OutOf<S> = S extends Shape<infer Out, unknown> ? Out : never
export type InOf<S> = S extends Shape<unknown, infer In> ? In : never

export class Misfit extends Error {
  constructor(
    /** The fields that lead there, with dots between; empty for the value itself. */
    readonly place: string,
    readonly expected: string,
  ) {
    super(`${place || 'message'}: expected ${expected}`)
  }
}

export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string; place?: string }

/** Never throws. */
export function readValue<T>(shape: Shape<T, unknown>, value: unknown): Parsed<T> {
  try {
    return { ok: true, value: shape(value, '') }
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    return { ok: false, reason: error.message, place: error.place }
  }
}

/** Never throws. */
export function readJson<T>(shape: Shape<T, unknown>, json: string): Parsed<T> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { ok: false, reason: 'not JSON' }
  }
  return readValue(shape, value)
}

/** Text of so many letters (UTF-16 units). */
export function text(least: number, most: number, pattern = /^/): Shape<string> {
  return (value, place) =>
    typeof value === 'string' &&
    value.length >= least &&
    value.length <= most &&
    pattern.test(value)
      ? value
      : misfit(place, `text of ${least} to ${most} letters`)
}

/** What is made of a text; undefined is no value. */
export function made<Out>(
  source: Shape<string>,
  make: (text: string) => Out | undefined,
  expected: string,
): Shape<Out, string> {
  return (value, place) => make(source(value, place)) ?? misfit(place, expected)
}

export function whole(least: number, most: number): Shape<number> {
  return (value, place) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? (value as number)
      : misfit(place, `a whole number from ${least} to ${most}`)
}

export function yesOrNo(value: unknown, place: string): boolean {
  return typeof value === 'boolean' ? value : misfit(place, 'true or false')
}

export function oneOf<Word extends string>(...words: Word[]): Shape<Word> {
  return (value, place) =>
    words.includes(value as Word) ? (value as Word) : misfit(place, words.join(' or '))
}

export function list<Out, In>(
  item: Shape<Out, In>,
  least: number,
  most: number,
): Shape<Out[], In[]> {
  return (value, place) =>
    Array.isArray(value) && value.length >= least && value.length <= most
      ? value.map((one, i) => item(one, below(place, String(i))))
      : misfit(place, `a list of ${least} to ${most}`)
}

type Fields = Readonly<Record<string, Shape<unknown, unknown>>>
/** A field whose shape takes undefined may be left out. */
type Optional<F extends Fields> = {
  [K in keyof F]: undefined extends OutOf<F[K]> ? K : never
}[keyof F]
export type ObjectOut<F extends Fields> = {
  [K in Exclude<keyof F, Optional<F>>]: OutOf<F[K]>
} & { [K in Optional<F>]?: Exclude<OutOf<F[K]>, undefined> }
export type ObjectIn<F extends Fields> = {
  [K in Exclude<keyof F, Optional<F>>]: InOf<F[K]>
} & { [K in Optional<F>]?: Exclude<InOf<F[K]>, undefined> }

/** With these fields and no other. */
export function object<F extends Fields>(fields: F): Shape<ObjectOut<F>, ObjectIn<F>> {
  return (value, place) => {
    const given = anObject(value, place)
    for (const key in given) if (!Object.hasOwn(fields, key)) misfit(place, 'no unknown field')
    return readFields(fields, given, place)
  }
}

/** With these fields; what else there is, is left out. */
export function looseObject<F extends Fields>(fields: F): Shape<ObjectOut<F>, ObjectIn<F>> {
  return (value, place) => readFields(fields, anObject(value, place), place)
}

/** May be left out. Null is not the same. */
export function optional<Out, In>(shape: Shape<Out, In>): Shape<Out | undefined, In | undefined> {
  return (value, place) => (value === undefined ? undefined : shape(value, place))
}

/** Told apart by `type`; each with its fields and no other. */
export function variants<V extends Readonly<Record<string, Fields>>>(
  kinds: V,
): Shape<
  { [K in keyof V]: { type: K } & ObjectOut<V[K]> }[keyof V],
  { [K in keyof V]: { type: K } & ObjectIn<V[K]> }[keyof V]
> {
  return (value, place) => {
    const { type } = anObject(value, place) as { type?: unknown }
    if (typeof type !== 'string' || !Object.hasOwn(kinds, type)) {
      return misfit(below(place, 'type'), Object.keys(kinds).join(' or '))
    }
    const fields = { type: oneOf(type), ...kinds[type] }
    return object(fields)(value, place) as never
  }
}

function readFields<F extends Fields>(fields: F, given: object, place: string): ObjectOut<F> {
  const out: Record<string, unknown> = {}
  for (const key in fields) {
    const own = Object.hasOwn(given, key) ? (given as Record<string, unknown>)[key] : undefined
    const value = fields[key]!(own, below(place, key))
    if (value !== undefined) out[key] = value
  }
  return out as ObjectOut<F>
}

function anObject(value: unknown, place: string): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value
    : misfit(place, 'an object')
}

function below(place: string, key: string): string {
  return place === '' ? key : `${place}.${key}`
}

function misfit(place: string, expected: string): never {
  throw new Misfit(place, expected)
}

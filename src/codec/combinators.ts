import type { Reader } from './reader.js'
import type { Infer, Schema } from './schema.js'
import type { Writer } from './writer.js'

type Fields = Record<string, Schema<unknown>>
type StructOf<F extends Fields> = { [K in keyof F]: Infer<F[K]> }

/** Fields one after the other, in the order they are declared. */
export function struct<F extends Fields>(fields: F): Schema<StructOf<F>> {
  const names = Object.keys(fields)
  const schemas = Object.values(fields)
  const Origin = newOrigin()
  const readInto = (r: Reader, value: object) => {
    for (let i = 0; i < names.length; i++) {
      ;(value as Record<string, unknown>)[names[i]!] = schemas[i]!.read(r)
    }
    return value as StructOf<F>
  }
  return {
    write: (w, value) => {
      for (let i = 0; i < names.length; i++) schemas[i]!.write(w, value[names[i]!])
    },
    read: r => readInto(r, new Origin()),
    readInto,
  }
}

/**
 * A constructor of plain objects for one schema: engines then learn how many fields these have, and keep them inside.
 * Built up from a literal, every frame read would cost a second object for its fields.
 */
function newOrigin(): new () => object {
  function Origin() {}
  Origin.prototype = Object.prototype
  return Origin as unknown as new () => object
}

/** A count and that many items. Nothing is allocated for items that are not there. */
export function list<T>(item: Schema<T>, { max }: { max: number }): Schema<T[]> {
  return {
    write: (w, value) => {
      if (value.length > max) throw new RangeError(`list: ${value.length} of at most ${max}`)
      w.varint(value.length)
      for (const one of value) item.write(w, one)
    },
    read: r => {
      const count = r.varint()
      if (count > max) r.fail(`list longer than ${max}`)
      const value: T[] = []
      for (let i = 0; i < count; i++) value.push(item.read(r))
      return value
    },
  }
}

/** One byte that says whether the value follows. */
export function optional<T>(item: Schema<T>): Schema<T | undefined> {
  return {
    write: (w, value) => {
      w.u8(value === undefined ? 0 : 1)
      if (value !== undefined) item.write(w, value)
    },
    read: r => {
      const flag = r.u8()
      if (flag > 1) r.fail('optional neither 0 nor 1')
      return flag === 1 ? item.read(r) : undefined
    },
  }
}

/** One of a few words, written as its place in the list. Append, never reorder. */
export function oneOf<const W extends readonly string[]>(words: W): Schema<W[number]> {
  return {
    write: (w, value) => {
      const at = words.indexOf(value)
      if (at < 0) throw new RangeError(`oneOf: ${value}`)
      w.u8(at)
    },
    read: r => words[r.u8()] ?? r.fail('unknown word'),
  }
}

interface Variant {
  type: string
  schema: Schema<object>
  Origin: new () => object
}

/** Of a union, by `type`. */
export type Variants = Record<string, readonly [tag: number, schema: Schema<object>]>
type UnionOf<V extends Variants> = {
  [K in keyof V]: { type: K } & Infer<V[K][1]>
}[keyof V]

/** A schema over variants, which also speaks of tag and fields apart, for frames that put something between. */
export type Union<V extends Variants> = UnionLike<UnionOf<V>>

export interface UnionLike<T> extends Schema<T> {
  /** The tag of each variant, by its `type`. */
  readonly tags: ReadonlyMap<string, number>
  /** What `write` writes after the tag. */
  writeFields(writer: Writer, value: T): void
  /** What `read` reads after the tag. */
  readFields(reader: Reader, tag: number): T
}

/** A tag byte and the variant's fields; in memory the variant is named by `type`. Tags are append-only. */
export function union<V extends Variants>(variants: V): Union<V> {
  const byTag = new Map<number, Variant>()
  const tags = new Map<string, number>()
  for (const [type, [tag, schema]] of Object.entries(variants)) {
    if (byTag.has(tag)) throw new RangeError(`union: tag ${tag} twice`)
    byTag.set(tag, { type, schema, Origin: newOrigin() })
    tags.set(type, tag)
  }
  const tagOf = ({ type }: UnionOf<V>) => {
    const tag = tags.get(type as string)
    if (tag === undefined) throw new RangeError(`union: ${String(type)}`)
    return tag
  }
  const writeFields = (w: Writer, value: UnionOf<V>) =>
    byTag.get(tagOf(value))!.schema.write(w, value)
  const readFields = (r: Reader, tag: number) => {
    const { type, schema, Origin } = byTag.get(tag) ?? r.fail('unknown tag')
    const value = new Origin() as { type: string }
    value.type = type
    if (schema.readInto === undefined) Object.assign(value, schema.read(r))
    else schema.readInto(r, value)
    return value as UnionOf<V>
  }
  return {
    tags,
    writeFields,
    readFields,
    write: (w, value) => {
      w.u8(tagOf(value))
      writeFields(w, value)
    },
    read: r => readFields(r, r.u8()),
  }
}

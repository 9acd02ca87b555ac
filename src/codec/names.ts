/**
 * Short names for long ids on one link: the sender assigns, the receiver learns. A field written as a
 * name costs a byte or two instead of 32. Each direction of a link has a table of its own.
 */
export interface Names {
  /** The alias of an id, or undefined where it has none (then it is written out). */
  shortOf(id: string): number | undefined
  /** The id behind an alias, or undefined where the other side never defined it. */
  longOf(alias: number): string | undefined
}

export interface ReadFlags {
  /** What the flags say, by the names of their variables. */
  variables: Record<string, string>
  switches: Set<string>
  /** One sentence each. */
  faults: string[]
}

/**
 * Reads `--name value`, `--name=value` and switches. `flags` says what there is: name → the variable it sets, or true
 * for a switch. Everything wrong becomes a fault that names the flag; what is right is returned beside it.
 */
export function readFlags(
  args: readonly string[],
  flags: Readonly<Record<string, string | true>>,
): ReadFlags

export function withoutPrivateNames(
  text: string,
  options?: {
    kept?: readonly string[]
    wishOf?: (
      name: string,
      privates: string[],
      letters: string[],
    ) => Record<string, string> | undefined
  },
): string

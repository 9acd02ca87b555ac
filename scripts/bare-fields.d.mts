export function withoutBareFields(
  text: string,
  options?: { kept?: readonly string[]; short?: Record<string, string> },
): string

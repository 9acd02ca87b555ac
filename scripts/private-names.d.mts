export function withoutPrivateNames(text: string, kept?: readonly string[]): string

export function withoutPrivateNames(text: string): string

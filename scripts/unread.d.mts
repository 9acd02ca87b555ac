export function withoutUnread(text: string, short?: Record<string, string>): string

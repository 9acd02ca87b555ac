/** Short words by the words they stand for, for each list of modules of others. */
export function shortWords(root: string, foreign: string[][]): Promise<Record<string, string>[]>
export function shortenStrings(text: string, short: Record<string, string>): string
export function withoutReasons(text: string, short: { fail: string }): string

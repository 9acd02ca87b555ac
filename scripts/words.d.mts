import type { Checked } from './checker.mjs'

export interface Part {
  text: string
  foreign: string[]
  wish?: Record<string, string>
}
/** Short words by the words they stand for, for each part. */
export function shortWords(checked: Checked, parts: Part[]): Promise<Record<string, string>[]>
export function shortenStrings(text: string, short: Record<string, string>): string
export function withoutReasons(text: string, short: { fail: string }): string

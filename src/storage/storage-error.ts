import { StorageError } from './store.js'

/** Whatever IndexedDB threw, in our words. */
export function storageError(cause: unknown, doing: string): StorageError {
  if (cause instanceof StorageError) return cause
  const name = nameOf(cause)
  const said = cause instanceof Error ? cause.message : String(cause)
  const code = name === 'QuotaExceededError' ? 'full' : 'failed'
  return new StorageError(code, `${doing}: ${name}: ${said}`, { cause })
}

/** The record is there and its value can't be read: Chromium says so when a blob of its database is lost. */
export function isUnreadable(cause: unknown): boolean {
  return UNREADABLE.has(nameOf(cause instanceof StorageError ? cause.cause : cause))
}

/** DOMException is an Error in browsers and in Node, but not in every shim. */
function nameOf(cause: unknown): string {
  const name = (cause as { name?: unknown } | null | undefined)?.name
  return typeof name === 'string' ? name : 'Error'
}

const UNREADABLE = new Set(['DataError', 'DataCloneError', 'NotReadableError'])

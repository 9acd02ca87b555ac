import { StorageError } from './store.js'

/** The `count` numbers after `last`. */
export function blockAfter(last: number, count: number): { first: number; last: number } {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(`a reservation has a count of 1 or more, not ${count}`)
  }
  const end = last + count
  if (!Number.isSafeInteger(end)) {
    throw new StorageError('failed', `no sequence numbers are left after ${last}`)
  }
  return { first: last + 1, last: end }
}

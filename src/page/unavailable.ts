import { WHAT_TO_TRY } from './what-to-try.js'

/** For people, where a worker did not come up: what happened, and what to do. `isOwn` where it is the library's. */
export function whatToTry(happened: string, isOwn: boolean): string {
  return isOwn && typeof Worker === 'undefined'
    ? 'There is no Worker here. A page rendered on a server opens it in the browser only; for Node there is gossamer/node.'
    : `The worker did not start: ${happened} ${WHAT_TO_TRY}`
}

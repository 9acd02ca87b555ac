import { struct } from '../codec/combinators.js'
import { varint } from '../codec/primitives.js'
import type { Infer, Schema } from '../codec/schema.js'
import { LONGEST_RUN } from './broadcast/plumtree/messages.js'

const ownRun = struct({ first: varint(), count: varint({ max: LONGEST_RUN }) })

/** The frontier in a topic without history: the sender's newest messages, in rows. */
export const ownRuns: Schema<Infer<typeof ownRun>[]> = {
  write: (w, runs) => {
    for (const run of runs) ownRun.write(w, run)
  },
  read: r => {
    const runs: Infer<typeof ownRun>[] = []
    while (r.left > 0) runs.push(ownRun.read(r))
    return runs
  },
}

// The product's worker with a tongue of its own: from the moment it is told to, everything it sends is
// rubbish.

import './rubbish.js'
import '/lib/worker.js'

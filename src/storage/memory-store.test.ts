import { OP_STORES } from './all-op-stores.js'
import { MemoryStore } from './memory-store.js'
import { describeOpStore } from './op-store.suite.js'
import { describeStore } from './store.suite.js'

describeStore('memory store', async () => new MemoryStore())
describeOpStore('memory store', async () => new MemoryStore(() => OP_STORES))

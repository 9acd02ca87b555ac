import { MemoryStore } from './memory-store.js'
import { describeStore } from './store.suite.js'

describeStore('memory store', async () => new MemoryStore())

import { allExtras } from './all-extras.js'
import { start } from './start.js'

// The entry of a worker that travels as text, and so has nothing beside it.

start(allExtras)

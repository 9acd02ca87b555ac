import { Extras } from './extras.js'
import { extraLoader } from './load-extra.js'
import { start } from './start.js'

// The worker's entry: what every topic needs. The rest lies in files beside it.

start(({ extras }) => new Extras(extraLoader(extras)))

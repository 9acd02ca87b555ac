import { describeReconciler } from '../reconciler.suite.js'
import { Wavefront } from './wavefront.js'

describeReconciler('wavefront', options => new Wavefront(options))

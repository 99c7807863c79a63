// tfjs registers gradients and chained operations as side effects of its entry point: this is the one module that
// imports it.
import * as tf from '@tensorflow/tfjs'

export { tf }

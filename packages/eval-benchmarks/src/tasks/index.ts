import type { BenchmarkTask } from '../task.js'
import { arcChallenge, arcEasy } from './arc.js'
import { boolq } from './boolq.js'
import { hellaswag } from './hellaswag.js'
import { piqa } from './piqa.js'
import { truthfulqaMc1, truthfulqaMc2 } from './truthfulqa.js'
import { winogrande } from './winogrande.js'

/** Every benchmark. */
export const benchmarkTasks = [
  boolq,
  piqa,
  winogrande,
  truthfulqaMc1,
  truthfulqaMc2,
  arcChallenge,
  arcEasy,
  hellaswag
] as const satisfies readonly BenchmarkTask[]

import { commonWords } from './common-words.js'
import { frequentWords } from './frequent-words.js'
import { lines, topics } from './longchat.js'
import { needleTasks } from './needles.js'
import type { RetrievalTask } from './task.js'
import { variableTracking } from './variable-tracking.js'

/** The tasks of RULER that need no corpus of others. */
export const rulerTasks: readonly RetrievalTask[] = [...needleTasks, variableTracking, commonWords, frequentWords]

/** The tasks of LongChat's evaluation. */
export const longchatTasks: readonly RetrievalTask[] = [topics, lines]

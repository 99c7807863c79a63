import { commonWords } from './common-words.js'
import { frequentWords } from './frequent-words.js'
import { lines } from './lines.js'
import { niahMultikey1 } from './niah-multikey-1.js'
import { niahMultikey2 } from './niah-multikey-2.js'
import { niahMultikey3 } from './niah-multikey-3.js'
import { niahMultiquery } from './niah-multiquery.js'
import { niahMultivalue } from './niah-multivalue.js'
import { niahSingle1 } from './niah-single-1.js'
import { niahSingle2 } from './niah-single-2.js'
import { niahSingle3 } from './niah-single-3.js'
import type { RetrievalTask } from './task.js'
import { topics } from './topics.js'
import { variableTracking } from './variable-tracking.js'

/** The tasks of RULER that need no corpus of others. */
export const rulerTasks: readonly RetrievalTask[] = [
  niahSingle1,
  niahSingle2,
  niahSingle3,
  niahMultikey1,
  niahMultikey2,
  niahMultikey3,
  niahMultivalue,
  niahMultiquery,
  variableTracking,
  commonWords,
  frequentWords
]

/** The tasks of LongChat's evaluation. */
export const longchatTasks: readonly RetrievalTask[] = [topics, lines]

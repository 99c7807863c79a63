import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

/** What a template from a stranger may use for one rendering: a template is a program, and loops need no end. */
const limits = { milliseconds: 5000, heapMegabytes: 64, characters: 2 ** 24 }

/** Texts to render of one template: a whole one, and others that are compared with it, of which only lengths leave the thread. */
export interface RenderJob {
  /** Plain data. */
  readonly whole: Readonly<Record<string, unknown>>
  readonly parts?: readonly Readonly<Record<string, unknown>>[]
}

/** What a job made: `parts` as many as were asked for. */
export type RenderOutcome = { readonly text: string; readonly parts: readonly RenderedPart[] } | { readonly problem: string }

/** How a part stands to the whole. */
export interface RenderedPart {
  /** Characters of the part, of one with the mark those before it; −1 when the whole does not begin with them. */
  readonly length: number
  /** Characters behind the mark, undefined without one. */
  readonly after?: string
}

/** Runs in the worker, as CommonJS; `workerData.jinja` is the path of @huggingface/jinja. */
const PROGRAM = `
const { parentPort, workerData: { jinja, source, jobs, mark, characters } } = require('node:worker_threads')
let template, problem
try { template = new (require(jinja).Template)(source) } catch (error) { problem = String(error && error.message) }
const render = variables => {
  const text = template.render(variables)
  if (text.length > characters) throw new Error('it makes ' + text.length + ' characters, more than ' + characters)
  return text
}
const standing = (part, whole) => {
  const at = part.indexOf(mark)
  if (at < 0) return { length: whole.startsWith(part) ? part.length : -1 }
  return { length: whole.startsWith(part.slice(0, at)) ? at : -1, after: part.slice(at + mark.length) }
}
const outcome = ({ whole, parts }) => {
  if (problem !== undefined) return { problem }
  try {
    const text = render(whole)
    return { text, parts: (parts || []).map(variables => standing(render(variables), text)) }
  } catch (error) { return { problem: String(error && error.message) } }
}
for (const job of jobs) parentPort.postMessage(outcome(job))
`

/**
 * Renders a Jinja template in a thread of its own that has no environment, little memory and little time: templates come with models. A job that takes too much
 * ends the thread, and with it the jobs behind it.
 *
 * @param mark not in any variable but where a part is to be cut
 * @throws Error saying what takes too much
 */
export function renderTemplate(source: string, jobs: readonly RenderJob[], mark: string): Promise<readonly RenderOutcome[]> {
  const jinja = createRequire(import.meta.url).resolve('@huggingface/jinja')
  return new Promise((resolve, reject) => {
    const worker = new Worker(PROGRAM, {
      eval: true, env: {}, execArgv: [], stdin: false, workerData: { jinja, source, jobs, mark, characters: limits.characters },
      resourceLimits: { maxOldGenerationSizeMb: limits.heapMegabytes, maxYoungGenerationSizeMb: 16 }
    })
    const outcomes: RenderOutcome[] = []
    const end = (finish: () => void) => {
      clearTimeout(timer)
      finish()
      void worker.terminate()
    }
    const timer = setTimeout(() => end(() => reject(new Error(`it takes longer than ${limits.milliseconds / 1000} s`))), limits.milliseconds)
    worker.on('message', (outcome: RenderOutcome) => {
      timer.refresh()
      if (outcomes.push(outcome) === jobs.length) end(() => resolve(outcomes))
    })
    worker.once('error', (error: NodeJS.ErrnoException) =>
      end(() => reject(new Error(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `it takes more than ${limits.heapMegabytes} MB` : error.message)))
    )
  })
}

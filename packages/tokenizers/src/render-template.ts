import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

/** What a template from a stranger may use: a template is a program, and loops need no end. */
const limits = { milliseconds: 5000, heapMegabytes: 64, characters: 2 ** 24 }

/** Runs in the worker, as CommonJS; `workerData.jinja` is the path of @huggingface/jinja. */
const PROGRAM = `
const { parentPort, workerData: { jinja, source, variables } } = require('node:worker_threads')
let result
try { result = { text: new (require(jinja).Template)(source).render(variables) } } catch (error) { result = { problem: String(error && error.message) } }
parentPort.postMessage(result)
`

/**
 * Renders a Jinja template in a thread of its own that has no environment, little memory and little time: templates come with models.
 *
 * @param variables plain data
 * @throws Error saying why the template fails
 */
export function renderTemplate(source: string, variables: Readonly<Record<string, unknown>>): Promise<string> {
  const jinja = createRequire(import.meta.url).resolve('@huggingface/jinja')
  return new Promise((resolve, reject) => {
    const worker = new Worker(PROGRAM, {
      eval: true, env: {}, execArgv: [], stdin: false, workerData: { jinja, source, variables },
      resourceLimits: { maxOldGenerationSizeMb: limits.heapMegabytes, maxYoungGenerationSizeMb: 16 }
    })
    const end = (finish: () => void) => {
      clearTimeout(timer)
      finish()
      void worker.terminate()
    }
    const timer = setTimeout(() => end(() => reject(new Error(`it takes longer than ${limits.milliseconds / 1000} s`))), limits.milliseconds)
    worker.once('message', ({ text, problem }: { text?: string; problem?: string }) =>
      end(() => {
        if (text === undefined) reject(new Error(problem))
        else if (text.length > limits.characters) reject(new Error(`it makes ${text.length} characters, more than ${limits.characters}`))
        else resolve(text)
      })
    )
    worker.once('error', (error: NodeJS.ErrnoException) =>
      end(() => reject(new Error(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `it takes more than ${limits.heapMegabytes} MB` : error.message)))
    )
  })
}

// Run by limits.test.ts: reads files as documents and prints what came of each, with the most memory until then.
import { isSkipwiseError } from '@skipwise/core'
import { readDocuments } from '../src/documents.js'

const [baseFolder, ...names] = process.argv.slice(2)

async function outcomeOf(name: string) {
  let documents = 0
  let problem: string | undefined
  try {
    for await (const { text } of readDocuments([name], { baseFolder })) documents += text.length >= 0 ? 1 : 0
  } catch (error) {
    if (!isSkipwiseError(error)) throw error
    problem = `${error.code}: ${error.problem}`
  }
  return { documents, problem, megabytes: Math.round(process.resourceUsage().maxRSS / 1024) }
}

const outcomes: unknown[] = []
for (const name of names) outcomes.push(await outcomeOf(name))
process.stdout.write(JSON.stringify(outcomes))

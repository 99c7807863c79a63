import { isCancel, text } from '@clack/prompts'
import type { Readable, Writable } from 'node:stream'
import { usageError } from '../errors.js'
import type { Ask } from './questions.js'

/** Where a dialogue takes place; default this process. */
export interface DialogueStreams {
  readonly input?: Readable | undefined
  readonly output?: Writable | undefined
}

/**
 * Asks on a terminal.
 *
 * @throws SkipwiseError `CLI_INTERRUPTED` where the question is answered by Ctrl-C
 */
export const askOnTerminal =
  ({ input = process.stdin, output = process.stderr }: DialogueStreams = {}): Ask =>
  async ({ message, suggested }) => {
    const answer = await text({
      message,
      input,
      output,
      ...(suggested === '' ? {} : { placeholder: suggested, defaultValue: suggested })
    })
    if (isCancel(answer))
      throw usageError('CLI_INTERRUPTED', 'stopped', 'nothing was written: run the same command again')
    return answer ?? ''
  }

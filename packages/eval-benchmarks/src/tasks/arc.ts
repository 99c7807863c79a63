import { z } from 'zod'
import { defineTask } from '../task.js'

const row = z
  .looseObject({
    question: z.string(),
    choices: z.looseObject({ text: z.array(z.string()).min(1), label: z.array(z.string()) }),
    answerKey: z.string()
  })
  .refine(({ choices, answerKey }) => choices.label.slice(0, choices.text.length).includes(answerKey), {
    path: ['answerKey'],
    message: 'is not the label of a choice'
  })

const arc = (name: string, summary: string, config: string, shots: number) =>
  defineTask({
    name,
    summary,
    version: 1,
    hub: { dataset: 'allenai/ai2_arc', evaluation: `${config}/test`, training: `${config}/train` },
    shots,
    drawsSpare: false,
    metrics: ['acc', 'acc_norm'],
    row,
    question: ({ question, choices, answerKey }) => ({
      contexts: [`Question: ${question}\nAnswer:`],
      continuations: choices.text,
      gold: choices.label.indexOf(answerKey)
    })
  })

/** ARC-Challenge (Clark et al. 2018). */
export const arcChallenge = arc('arc_challenge', 'hard science questions of school examinations', 'ARC-Challenge', 25)

/** ARC-Easy (Clark et al. 2018). */
export const arcEasy = arc('arc_easy', 'easy science questions of school examinations', 'ARC-Easy', 0)

import { z } from 'zod'
import { sequenceOr } from './sequence.js'

const special = z.strictObject({ SpecialToken: z.looseObject({ id: z.string() }) })
const piece = z.union([special, z.strictObject({ Sequence: z.looseObject({ id: z.enum(['A', 'B']) }) })])
const pair = z.tuple([z.string(), z.int().min(0)])
const stepSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('TemplateProcessing'),
    single: z.array(piece),
    special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.int().min(0)) }))
  }),
  z.looseObject({ type: z.literal('BertProcessing'), cls: pair, sep: pair }),
  z.looseObject({ type: z.literal('RobertaProcessing'), cls: pair, sep: pair }),
  z.looseObject({ type: z.literal('ByteLevel') })
])
type Step = z.infer<typeof stepSchema>

/** A post-processor of tokenizer.json: a step, or several in a sequence. */
export const postProcessorSchema: z.ZodType<PostProcessorFile> = sequenceOr(
  z.looseObject({
    type: z.literal('Sequence'),
    get processors() {
      return z.array(postProcessorSchema)
    }
  }),
  stepSchema
)
export type PostProcessorFile = Step | { readonly type: 'Sequence'; readonly processors: readonly PostProcessorFile[] }

/** The ids directly before and after a text. */
export interface Surroundings {
  readonly before: number | undefined
  readonly after: number | undefined
}

/** What a post-processor puts around a text: of several the first, whose tokens are the nearest. */
export function surroundings(file: PostProcessorFile | null): Surroundings {
  const steps = (each: PostProcessorFile): readonly Step[] =>
    each.type === 'Sequence' ? each.processors.flatMap(steps) : [each]
  const found = file === null ? [] : steps(file).map(ofStep)
  return {
    before: found.find(({ before }) => before !== undefined)?.before,
    after: found.find(({ after }) => after !== undefined)?.after
  }
}

function ofStep(step: Step): Surroundings {
  switch (step.type) {
    case 'TemplateProcessing': {
      const { single, special_tokens } = step
      const at = single.findIndex(each => 'Sequence' in each)
      if (at < 0) return { before: undefined, after: undefined }
      const ids = (pieces: typeof single) =>
        pieces.flatMap(each => ('SpecialToken' in each ? (special_tokens[each.SpecialToken.id]?.ids ?? []) : []))
      return { before: ids(single.slice(0, at)).at(-1), after: ids(single.slice(at + 1))[0] }
    }
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: step.cls[1], after: step.sep[1] }
    case 'ByteLevel':
      return { before: undefined, after: undefined }
  }
}

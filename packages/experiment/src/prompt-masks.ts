import { SkipwiseError, type PositionTransform } from '@skipwise/core'
import { splitPromptMarks } from '@skipwise/data'

/**
 * A transform of documents whose prompts, or other turns than the assistant's, are marked: no label of a marked token
 * counts, wherever the transform puts it. Which tokens it took is found by a second run on their places in the
 * document, since a transform copies what it takes.
 */
export const withPromptMasks = (
  transform: PositionTransform
): Pick<PositionTransform, 'minimumTokens' | 'example'> => ({
  minimumTokens: window => transform.minimumTokens(window),
  example(document, window, draw) {
    const { ids, isPrompt } = splitPromptMarks(document)
    const example = transform.example(ids, window, draw)
    if (!isPrompt) return example
    const places = transform.example(Int32Array.from(ids.keys()), window, draw).ids
    if (places.some((place, t) => ids[place] !== example.ids[t])) throw contentError()
    return { ...example, labelMask: example.labelMask.map((flag, t) => (isPrompt[places[t]] ? 0 : flag)) }
  }
})

const contentError = () =>
  new SkipwiseError('RECIPE_DATA', {
    problem: 'the position transform chooses tokens by their ids, so those of a prompt cannot be found',
    fix: 'use another transform or option (pose without splitAt), or leave out format'
  })

// The sentences of passkey documents, as @skipwise/eval-retrieval lays them out; a test compares the two.
export const TASK =
  'There is an important info hidden inside a lot of irrelevant text. Find it and memorize them. I will quiz you about the important information there.'
export const NOISE = 'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.'
export const QUESTION = 'What is the pass key? The pass key is'

/** The sentence that is to be remembered. @param {string} key */
export const information = key => `The pass key is ${key}. Remember it. ${key} is the pass key.`

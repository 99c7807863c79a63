import { fileURLToPath } from 'node:url'

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/**
 * Where the files of tiny-llama lie, as absolute paths: a LLaMA with 0.94 M parameters (V = 1024, d = 128, 4 layers, 4
 * heads, tied embeddings) and a window of 256 tokens, which reads the documentation and type declarations of npm
 * packages and finds a pass key in its window.
 *
 * @example
 * ```ts
 * const tokenizer = await loadTokenizerJson(tinyLlama.folder)
 * ```
 */
export const tinyLlama = Object.freeze({
  /** Hugging Face model folder: config.json, model.safetensors (bf16), tokenizer.json, tokenizer_config.json. */
  folder: at('model'),
  /** Window L_c of the model in tokens. */
  window: 256,
  /**
   * JSONL of 12 whole documents that the model was not trained on, each with more than 8,500 tokens, with `text`,
   * `source` and `license`.
   */
  heldOut: at('data/held-out.jsonl'),
  /**
   * Folder of the recipes that made the model, in the order of their numbers, and of `demo.yaml` and `baselines.yaml`.
   */
  recipes: at('recipes'),
  /**
   * The recipe that extends the window 16 times and one window more, to 4,352 tokens; it takes its data from `corpus`.
   */
  demoRecipe: at('recipes/demo.yaml'),
  /**
   * Folder of the training data, which `scripts/collect-text.mjs` and `scripts/make-documents.mjs` write; only in a
   * clone of the repository.
   */
  corpus: at('corpus'),
  /** Folder of the scripts that make corpus, tokenizer, documents and model. */
  scripts: at('scripts')
})

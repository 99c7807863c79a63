import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Binding, TensorInfo } from './binding.js'
import { runError } from './errors.js'
import { encodeSavedModel, SAVED_MODEL_TAG, type FunctionDef, type NodeDef } from './graph-def.js'

/** A TensorFlow session over one graph; its variables live as long as it does. */
export class Session {
  readonly #model: number

  /** The addon takes a graph only as a SavedModel in a folder: it is there for the moment of loading. */
  constructor(
    private readonly binding: Binding,
    nodes: readonly NodeDef[],
    functions: readonly FunctionDef[]
  ) {
    const folder = mkdtempSync(join(tmpdir(), 'skipwise-graph-'))
    try {
      writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(nodes, functions))
      this.#model = binding.loadSavedModel(folder, SAVED_MODEL_TAG)
    } catch (error) {
      throw runError('load a graph', error)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** Runs what the fetches need. Feeds are tensors by node output. @throws SkipwiseError `TENSORFLOW_RUN` */
  run(feeds: readonly (readonly [name: string, tensor: number])[], fetches: readonly string[]): TensorInfo[] {
    try {
      return this.binding.runSavedModel(
        this.#model,
        feeds.map(([, tensor]) => tensor),
        feeds.map(([name]) => name).join(),
        fetches.join()
      )
    } catch (error) {
      throw runError('run a program', error)
    }
  }

  close(): void {
    this.binding.deleteSavedModel(this.#model)
  }
}

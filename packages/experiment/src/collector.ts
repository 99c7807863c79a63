import { isSkipwiseError, type SkipwiseError, SkipwiseErrors } from '@skipwise/core'
import { sorted, type PlacedError, type RecipeDocument } from './recipe-document.js'
import type { RecipePath } from './recipe-places.js'

/**
 * Gathers coded errors, so that they can be reported together: with a document, those that it has and each other with
 * its place. What rests on a value that is wrong is left out: the value has been said to be wrong.
 */
export class Collector {
  readonly #placed: PlacedError[]

  constructor(readonly document?: Pick<RecipeDocument, 'place' | 'problems' | 'isDoubtful'>) {
    this.#placed = [...(document?.problems ?? [])]
  }

  get hasErrors(): boolean {
    return this.#placed.length > 0
  }

  /** All of them, in the order of their places. */
  get all(): SkipwiseErrors {
    return new SkipwiseErrors(sorted(this.#placed))
  }

  /** Whether any of these values is not the user's. */
  isDoubtful(...paths: readonly RecipePath[]): boolean {
    return paths.some(path => this.document?.isDoubtful(path) ?? false)
  }

  /** @param needs other values that the errors rest on */
  add(path: RecipePath, errors: readonly SkipwiseError[], needs: readonly RecipePath[] = []): void {
    if (this.isDoubtful(path, ...needs)) return
    for (const error of errors) this.#placed.push(this.document?.place(path, error) ?? { offset: 0, error })
  }

  /** The result of `run`, or undefined when it throws a coded error, which is kept; others pass through. */
  async attempt<Result>(
    path: RecipePath,
    run: () => Result | Promise<Result>,
    needs: readonly RecipePath[] = []
  ): Promise<Result | undefined> {
    try {
      return await run()
    } catch (error) {
      if (!isSkipwiseError(error)) throw error
      this.add(path, errorsOf(error), needs)
      return undefined
    }
  }
}

/** Several errors thrown at once, also by another copy of the core. */
const errorsOf = (error: SkipwiseError): readonly SkipwiseError[] =>
  'errors' in error && Array.isArray(error.errors) ? error.errors.filter(isSkipwiseError) : [error]

import { isSkipwiseError, type SkipwiseError, SkipwiseErrors } from '@skipwise/core'
import { sorted, type PlacedError, type RecipeDocument } from './recipe-document.js'
import type { RecipePath } from './recipe-places.js'

/**
 * Gathers coded errors, so that they can be reported together: with a document, those that it has and each other with
 * its place. What rests on a value that is wrong is left out: the value has been said to be wrong.
 */
export class Collector {
  readonly #placed: PlacedError[]

  /** @param problems that are known; default those of the document */
  constructor(
    readonly document?: Document | undefined,
    problems: readonly PlacedError[] = document?.problems ?? []
  ) {
    this.#placed = [...problems]
  }

  /** Gathers what is wrong with one part of a recipe; those of the document are somebody else's to report. */
  static ofPart(document: Document | undefined): Collector {
    return new Collector(document, [])
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
      if (error instanceof PartErrors) {
        this.#placed.push(...error.placed)
        return undefined
      }
      if (!isSkipwiseError(error)) throw error
      this.add(path, errorsOf(error), needs)
      return undefined
    }
  }

  /** A part, or undefined when it throws what its own collector found. */
  async part<Part>(make: () => Part | Promise<Part>): Promise<Part | undefined> {
    return this.attempt([], make)
  }

  /**
   * Ends the check of a part.
   *
   * @param values what the part is made of
   * @returns the same values, none of them undefined
   * @throws SkipwiseErrors all that was found; none where a value is missing since what it rests on is doubtful
   */
  end<Values extends object>(values?: Values): Whole<Values> {
    if (!this.hasErrors && isWhole(values)) return values
    throw new PartErrors(this.#placed)
  }
}

type Document = Pick<RecipeDocument, 'place' | 'problems' | 'isDoubtful'>

type Whole<Values> = { [Key in keyof Values]: Exclude<Values[Key], undefined> }

const isWhole = <Values extends object>(values: Values | undefined): values is Values & Whole<Values> =>
  Object.values(values ?? {}).every(value => value !== undefined)

/** What is wrong with one part of a recipe, each with its place. */
class PartErrors extends SkipwiseErrors {
  constructor(readonly placed: readonly PlacedError[]) {
    super(placed.map(({ error }) => error))
  }
}

/** Several errors thrown at once, also by another copy of the core. */
const errorsOf = (error: SkipwiseError): readonly SkipwiseError[] =>
  'errors' in error && Array.isArray(error.errors) ? error.errors.filter(isSkipwiseError) : [error]

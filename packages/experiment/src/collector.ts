import { isSkipwiseError, type SkipwiseError, type SkipwiseErrors } from '@skipwise/core'

/** Gathers coded errors, so that they can be reported together. */
export class Collector {
  readonly errors: SkipwiseError[] = []

  get hasErrors(): boolean {
    return this.errors.length > 0
  }

  add(...errors: readonly SkipwiseError[]): void {
    this.errors.push(...errors)
  }

  /** The result of `run`, or undefined when it throws a coded error, which is kept; others pass through. */
  async attempt<Result>(run: () => Result | Promise<Result>): Promise<Result | undefined> {
    try {
      return await run()
    } catch (error) {
      if (!isSkipwiseError(error)) throw error
      this.add(...((error as Partial<SkipwiseErrors>).errors ?? [error]))
      return undefined
    }
  }
}

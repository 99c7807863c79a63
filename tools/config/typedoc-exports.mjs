import { Converter, ReflectionKind } from 'typedoc'

/**
 * Typedoc plugin: every function that a package exports has a doc comment. Typedoc's own `notDocumented` does this for
 * the other kinds; for functions it would also ask every plugin object to repeat the documentation of the contract it
 * fulfils.
 *
 * @param {import('typedoc').Application} app
 */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const exported of project.getReflectionsByKind(ReflectionKind.Function)) {
      if (exported.parent !== project || exported.signatures?.every(signature => signature.hasComment())) continue
      app.logger.warn(`${exported.name} is exported without documentation`)
    }
  })
}

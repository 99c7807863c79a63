/**
 * A fault that ends a template: an exception of Python or of Jinja, or a feature that is not supported here, which is
 * never guessed.
 */
export class TemplateFault extends Error {}

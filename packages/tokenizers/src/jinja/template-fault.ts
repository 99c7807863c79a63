/**
 * What makes a template fail, as an exception of Python or of Jinja does; or something that is not read here, which is
 * never guessed.
 */
export class TemplateFault extends Error {}

// Words of our own dialect in what users read: messages, help texts, READMEs and guides.
import ts from 'typescript'

/** Word → what to write. Each with a space or a mark on both sides. */
export const OFFENDERS = [
  [/\bbeside\b/, 'next to'],
  [/(?<!lag |numbers |left )\bbehind\b/, 'after'],
  [/\banew\b/, 'again'],
  [/\bstands? (in|behind|before|at|on|under|twice|there)\b/, 'is, comes, appears'],
  [/(?<!there )\bis no (?!longer\b|more\b)\w+/, 'is not a'],
  [/(?<!there )\bare no (?!longer\b|more\b)\w+/, 'are not'],
  [/\b(is|are|be) told\b/, 'is given, is in'],
  [/\bmend(s|ed|ing)?\b/, 'fix, correct'],
  [/\bfor ever\b/, 'permanently'],
  [/\bof early times\b/, 'legacy'],
  [/\bcan not\b/, 'cannot']
]

/** The offenders in a text, each with its line. */
export const offendersIn = text =>
  text.split('\n').flatMap((line, index) =>
    OFFENDERS.flatMap(([word, better]) => {
      const found = word.exec(line)
      return found ? [`line ${index + 1}: '${found[0]}': write ${better}`] : []
    })
  )

/** Prose of a Markdown file: what is in fences is code. */
export const proseOf = text => text.replace(/^```.*?^```/gms, fence => fence.replace(/[^\n]/g, ''))

/** The texts in the literals of a TypeScript file, on the lines that they are on. */
export function literalsOf(source) {
  const lines = source.split('\n').map(() => '')
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest)
  const visit = node => {
    if (
      ts.isStringLiteral(node) ||
      ts.isNoSubstitutionTemplateLiteral(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node)
    )
      lines[file.getLineAndCharacterOfPosition(node.getStart(file)).line] += ` ${node.text.replaceAll('\n', ' ')}`
    ts.forEachChild(node, visit)
  }
  visit(file)
  return lines.join('\n')
}

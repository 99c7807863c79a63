// Words of our own dialect in what users read: messages, help texts, READMEs and guides.
import ts from 'typescript'

/** Word → what to write. Each with a space or a mark on both sides. */
export const OFFENDERS = [
  [/\bbeside\b/i, 'next to'],
  [/(?<!lag |numbers |left )\bbehind\b/i, 'after'],
  [/\banew\b/i, 'again'],
  [/\bstands? (in|behind|before|at|on|under|twice|there)\b/i, 'is, comes, appears'],
  [/(?<!there )\bis no (?!longer\b|more\b)\w+/i, 'is not a'],
  [/(?<!there )\bare no (?!longer\b|more\b)\w+/i, 'are not'],
  [/\b(is|are|be) told\b/i, 'is given, is in'],
  [/\bmend(s|ed|ing)?\b/i, 'fix, correct'],
  [/\bfor ever\b/i, 'permanently'],
  [/\bof early times\b/i, 'legacy'],
  [/\bcan not\b/i, 'cannot']
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

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
  [/\b(is|are|be)( not)? told\b/i, 'is given, is in'],
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

/** Literals of texts and regular expressions in a TypeScript or JavaScript file, from left to right. */
function literalNodesOf(file) {
  const found = []
  const visit = node => {
    if (ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node))
      found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

const blank = text => text.replace(/[^\n]+/g, ' ')

/** A copy of a text in which the parts between some ranges are blank. */
const only = (source, ranges) => {
  let copy = ''
  let done = 0
  for (const [start, end] of ranges) {
    copy += blank(source.slice(done, start)) + source.slice(start, end)
    done = end
  }
  return copy + blank(source.slice(done))
}

/** The texts in the literals of a source, and its comments, both on the lines that they are on. */
export function textsOf(source) {
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest)
  const literals = source.split('\n').map(() => '')
  let code = ''
  let done = 0
  for (const node of literalNodesOf(file)) {
    const start = node.getStart(file)
    code += source.slice(done, start) + source.slice(start, node.end).replace(/[^\n]/g, '_')
    done = node.end
    if (!ts.isRegularExpressionLiteral(node))
      literals[file.getLineAndCharacterOfPosition(start).line] += ` ${node.text.replaceAll('\n', ' ')}`
  }
  code += source.slice(done)
  const comments = [...code.matchAll(/\/\*[^]*?\*\/|\/\/.*/g)].map(({ 0: text, index }) => [index, index + text.length])
  return { literals: literals.join('\n'), comments: only(code, comments) }
}

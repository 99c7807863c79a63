// The error reference, from the `<package>ErrorCodes` tables in the packages' sources.
// `node tools/docs/errors-page.mjs` writes docs/errors.md and the tables of the READMEs; tools/checks tests that
// they are current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const inner = node => (ts.isAsExpression(node) || ts.isSatisfiesExpression(node) ? inner(node.expression) : node)

/** The text of a string constant, also of one joined from several by `+`. */
function text(node) {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return text(node.left) + text(node.right)
  throw new Error(
    `${node.getSourceFile().fileName}: an error code's meaning must be a string constant, not ${node.getText()}`
  )
}

/** Every table `export const <name>ErrorCodes = { CODE: 'meaning' }` of one source file. */
function* tables(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  for (const statement of source.statements.filter(ts.isVariableStatement)) {
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!name.getText().endsWith('ErrorCodes') || initializer === undefined) continue
      const object = inner(initializer)
      if (!ts.isObjectLiteralExpression(object)) throw new Error(`${file}: ${name.getText()} must be an object literal`)
      yield object.properties.map(property => {
        if (!ts.isPropertyAssignment(property))
          throw new Error(`${file}: ${property.getText()} must be CODE: 'meaning'`)
        return { code: property.name.text, meaning: text(property.initializer) }
      })
    }
  }
}

/**
 * One entry per package that has codes.
 *
 * @returns {{ folder: string, name: string, codes: { code: string, meaning: string }[] }[]}
 */
export function errorTables() {
  return readdirSync(join(root, 'packages'))
    .sort()
    .map(folder => {
      const source = join(root, 'packages', folder, 'src')
      const files = readdirSync(source, { recursive: true })
        .map(String)
        .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      const codes = files.sort().flatMap(file => [...tables(join(source, file))].flat())
      return {
        folder,
        name: folder === 'skipwise' ? folder : `@skipwise/${folder}`,
        codes: codes.sort((a, b) => (a.code < b.code ? -1 : 1))
      }
    })
    .filter(({ codes }) => codes.length > 0)
}

/** The codes of a list of exit-codes.ts. */
function listed(name) {
  const text = readFileSync(join(root, 'packages', 'skipwise', 'src', 'exit-codes.ts'), 'utf8')
  const list = new RegExp(`${name}: readonly string\\[\\] = \\[(.*?)\\]`, 's').exec(text)?.[1] ?? ''
  return [...list.matchAll(/'([A-Z0-9_]+)'/g)].map(([, code]) => code)
}

/** The codes of what was written: a command that ends with one has exit code 2. */
export const misuseCodes = () => listed('MISUSE_CODES')

/** The codes of a command that a signal stopped. */
const stoppedCodes = () => listed('STOPPED_CODES')

/** The page as Markdown. */
export function errorsPage() {
  const misuse = new Set(misuseCodes())
  const stopped = new Set(stoppedCodes())
  const exitOf = code => (stopped.has(code) ? '130, 143' : misuse.has(code) ? '2' : '1')
  const sections = errorTables().map(
    ({ name, codes }) =>
      `## ${name}\n\n| code | exit | meaning |\n|---|--:|---|\n${codes.map(({ code, meaning }) => `| \`${code}\` | ${exitOf(code)} | ${meaning.replaceAll('|', '\\|')} |`).join('\n')}\n`
  )
  return `# Errors

Every error reads \`CODE: what is wrong: what to do\` and is a \`SkipwiseError\` with \`code\`, \`problem\` and \`fix\`. A
code keeps its meaning permanently; recognise errors by it (\`isSkipwiseError(error) && error.code === '…'\`).
\`npm run docs\` writes this page from the packages' tables.

The exit code of a command that ends with an error is the same in every verb: 2 where what was written has to be changed
(the command line, a recipe, an option, an unknown name), 1 where it went wrong. With several errors it is 2 if one of
them is of the first kind. 0 is done.
A command that was stopped by SIGINT (Ctrl-C) or SIGTERM, and kept its work, ends with 130 or 143.

${sections.join('\n')}`
}

/** The README of every package that has codes, with the rows of its own table: path from the root, and text. */
export function readmesWithErrors() {
  return errorTables().map(({ folder, codes }) => {
    const path = `packages/${folder}/README.md`
    const rows = codes.map(({ code, meaning }) => `| \`${code}\` | ${meaning.replaceAll('|', '\\|')} |\n`)
    const text = readFileSync(join(root, path), 'utf8')
    const table = /(?<=\|---\|---\|\n)(?:\| `[A-Z0-9]+(?:_[A-Z0-9]+)*` \| .*\n)+/
    if (!table.test(text)) throw new Error(`${path} has no table of its error codes`)
    return { path, text: text.replace(table, () => rows.join('')) }
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, 'docs', 'errors.md'), errorsPage())
  for (const { path, text } of readmesWithErrors()) writeFileSync(join(root, path), text)
}

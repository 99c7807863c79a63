// The size of every package as its users' bundlers see it, against the budget in sizes.json.
import { build } from 'esbuild'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const budgetFile = fileURLToPath(new URL('./sizes.json', import.meta.url))

/** Bytes of a package's own code, bundled for ESM, minified and gzipped; what it depends on is left out. */
async function ownCode(name, project) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${name}'`, resolveDir: project },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    plugins: [
      {
        name: 'dependencies stay out',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            path === name && kind !== 'entry-point' ? undefined : { path, external: true }
          )
      }
    ]
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

const kilobytes = bytes => Math.round(bytes / 100) / 10

/**
 * @param {readonly { name: string, project: string, tarball: string }[]} packages each installed in its project
 * @returns {Promise<{ table: string, problems: string[] }>}
 */
export async function measureSizes(packages) {
  const budget = JSON.parse(readFileSync(budgetFile, 'utf8'))
  const rows = await Promise.all(
    packages.map(async ({ name, project, tarball }) => ({
      name,
      code: kilobytes(await ownCode(name, project)),
      tarball: kilobytes(statSync(tarball).size),
      allowed: budget[name]
    }))
  )
  if (process.argv.includes('--write-sizes'))
    writeFileSync(
      budgetFile,
      `${JSON.stringify(Object.fromEntries(rows.map(({ name, code }) => [name, Math.max(1, Math.ceil(code * 1.5))])), undefined, 2)}\n`
    )
  const line = cells =>
    `${cells[0].padEnd(34)}${cells
      .slice(1)
      .map(cell => String(cell).padStart(12))
      .join('')}`
  return {
    table: [
      line(['kB, minified and gzipped', 'own code', 'budget', 'tarball']),
      ...rows.map(row => line([row.name, row.code.toFixed(1), row.allowed ?? '-', row.tarball.toFixed(1)]))
    ].join('\n'),
    problems: rows.flatMap(({ name, code, allowed }) => {
      if (allowed === undefined) return [`${name}: has no budget; add it to tools/release/sizes.json`]
      return code > allowed
        ? [`${name}: ${code} kB of code, more than its budget of ${allowed} kB (tools/release/sizes.json)`]
        : []
    })
  }
}

// Runs the examples of a README where only what that README installs is there, and compares the numbers they print with
// the comments.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asJavaScript } from './alone.mjs'
import { brokenPromise } from './promises.mjs'

const exec = (command, args, cwd) =>
  new Promise(resolve => {
    const env = { ...process.env, NO_COLOR: '1' }
    execFile(command, args, { cwd, env, timeout: 120_000, maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, stderr })
    )
  })

/**
 * What an example says without its optional peer: an executor-tensorflow without TensorFlow's addon must say how to
 * install it.
 */
const withoutPeer = { '@skipwise/executor-tensorflow': 'EXECUTOR_UNAVAILABLE: tfjs-node is not installed' }

/** Runs one example; hands back what is wrong with it. */
async function run({ name, project }, text, index) {
  const where = `${name}, example ${index + 1}`
  if (text.includes("from 'vitest'")) {
    writeFileSync(join(project, 'example.test.js'), asJavaScript(text))
    const { ok, stdout, stderr } = await exec(
      join(project, 'node_modules', '.bin', 'vitest'),
      ['run', '--reporter=json'],
      project
    )
    if (!ok) return [`${where}: ${stderr}${stdout}`]
    return JSON.parse(stdout.slice(stdout.indexOf('{'))).numPassedTests > 0 ? [] : [`${where}: vitest ran no test`]
  }
  writeFileSync(join(project, `example-${index + 1}.js`), asJavaScript(text))
  const { ok, stdout, stderr } = await exec('node', [`example-${index + 1}.js`], project)
  const refusal = withoutPeer[name]
  if (refusal !== undefined)
    return !ok && stderr.includes(refusal)
      ? []
      : [`${where}: should fail with ${refusal} where its optional peer is not installed: ${stderr}`]
  if (!ok) return [`${where}: ${stderr}`]
  const broken = brokenPromise(text, stdout)
  return broken === undefined ? [] : [`${where}: its comments promise ${broken}, but it printed\n${stdout}`]
}

/**
 * @param {readonly { name: string, project: string, examples: string[] }[]} projects
 * @returns {Promise<{ count: number, problems: string[] }>}
 */
export async function runExamples(projects) {
  const tasks = projects.flatMap(project => project.examples.map((text, index) => () => run(project, text, index)))
  const count = tasks.length
  const problems = []
  // two at a time: most of an example is the start of a process
  await Promise.all(
    [0, 1].map(async () => {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) problems.push(...(await task()))
    })
  )
  return { count, problems }
}

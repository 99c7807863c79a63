// What README and getting-started promise in words: each sentence that a machine can check is in this list, next to
// what holds it: a check here, or a test that is named. A sentence that is no longer on its page is reported, and so is
// a test that is gone.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup/workspace.mjs'

/** Megabytes below a folder. */
function megabytes(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const bytes = entries
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0)
  return bytes / 1e6
}

/** Whether a size is what the page says, within a tenth. */
const near = (what, measured, said) =>
  Math.abs(measured - said) <= said / 10 ? [] : [`${what} takes ${Math.round(measured)} MB, not ${said}`]

function skipwise(project, ...args) {
  const { status, stdout, stderr } = spawnSync(join(project, 'node_modules/.bin/skipwise'), args, {
    cwd: project,
    encoding: 'utf8',
    timeout: 300_000
  })
  return { status, stdout, stderr }
}

const expectStatus = (project, status, ...args) => {
  const answer = skipwise(project, ...args)
  return answer.status === status ? [] : [`skipwise ${args.join(' ')} ends with ${answer.status}: ${answer.stderr}`]
}

/** A configuration in which doctor finds something wrong is a failure, not a misuse. */
function expectWrong(project) {
  const file = join(project, 'wrong.json')
  // transformers and llama.cpp take different bases for this type
  const config = { model_type: 'mixtral', hidden_size: 4096, num_attention_heads: 32, max_position_embeddings: 32768 }
  writeFileSync(file, JSON.stringify(config))
  const problems = expectStatus(project, 1, 'doctor', 'wrong.json')
  rmSync(file)
  return problems
}

/** One JSON document on standard output. */
function isOneDocument(project, ...args) {
  const { stdout } = skipwise(project, ...args)
  try {
    JSON.parse(stdout)
    return []
  } catch (error) {
    return [`skipwise ${args.join(' ')} does not print one JSON document: ${error.message}`]
  }
}

const onnx = 'node_modules/onnxruntime-node'

/**
 * Page, words of it (`…` for anything between), and what holds them.
 *
 * @type {readonly { page: string, says: string, check?: (project: string) => string[], test?: [string, string] }[]}
 */
export const promises = [
  {
    page: 'docs/getting-started.md',
    says: '290 MB are TensorFlow.js, and 290 `onnxruntime-node`',
    check: project => [
      ...near('@tensorflow', megabytes(join(project, 'node_modules/@tensorflow')), 290),
      ...near('onnxruntime-node', megabytes(join(project, onnx)), 290)
    ]
  },
  {
    page: 'docs/getting-started.md',
    says: '`linux/arm64`: 245 MB',
    check: project =>
      process.platform !== 'linux' || process.arch !== 'x64'
        ? []
        : near(
            'what is of other platforms',
            ['darwin', 'win32', 'linux/arm64'].reduce(
              (sum, name) => sum + megabytes(join(project, onnx, 'bin/napi-v6', name)),
              0
            ),
            245
          )
  },
  {
    page: 'docs/getting-started.md',
    says: '`--json` prints one JSON document on stdout',
    check: project => [
      ...isOneDocument(project, 'plugins', '--json'),
      ...isOneDocument(project, 'coverage', '--original', '64', '--target', '256', '--json'),
      ...isOneDocument(project, 'doctor', '--executors', '--json')
    ]
  },
  {
    page: 'docs/getting-started.md',
    says: 'Exit codes: 0 done, 1 failed, 2 misuse',
    check: project => [
      ...expectStatus(project, 0, 'plugins'),
      ...expectWrong(project),
      ...expectStatus(project, 2, 'extnd')
    ]
  },
  {
    page: 'README.md',
    says: 'Unknown keys are errors with line and column',
    check: project => {
      const file = join(project, 'unknown.yaml')
      writeFileSync(file, 'model: base\nwindow: { original: 256, target: 512 }\nwindw: 1\n')
      const { status, stderr } = skipwise(project, 'extend', 'unknown.yaml')
      rmSync(file)
      return status === 2 && /unknown\.yaml:3:1: .*windw/.test(stderr) ? [] : [`an unknown key gives ${stderr}`]
    }
  },
  {
    page: 'README.md',
    says: 'no install script is needed',
    test: ['tools/release/closed-network.mjs', '--ignore-scripts']
  },
  {
    page: 'README.md',
    says: 'the recipe, the seeds and the results in `skipwise.json`',
    test: ['packages/skipwise/test/front-door.test.ts', 'gives what skipwise.json says']
  },
  {
    page: 'docs/getting-started.md',
    says: '130 and 143 stopped by Ctrl-C and SIGTERM',
    test: ['packages/skipwise/test/signals.test.ts', 'SIGTERM']
  },
  {
    page: 'docs/getting-started.md',
    says: 'resumed by the same command, and ends with the same weights',
    test: ['packages/skipwise/test/signals.test.ts', 'same bytes']
  },
  {
    page: 'docs/getting-started.md',
    says: '`model: hub:owner/name@revision` takes a model from the Hugging Face Hub',
    test: ['packages/skipwise/test/hub.test.ts', 'hub:']
  },
  {
    page: 'docs/getting-started.md',
    says: 'with `skipLibCheck: false`',
    test: ['tools/release/alone.mjs', 'skipLibCheck: false']
  }
]

const plain = text => text.replace(/\s+/g, ' ')

/**
 * @param {string} project where all packages are installed by npm
 * @returns {{ said: string, problems: string[] }}
 */
export function checkPromises(project) {
  const problems = promises.flatMap(({ page, says, check, test }) => {
    const where = `${page}, "${says}"`
    if (!plain(readFileSync(join(root, page), 'utf8')).includes(says)) return [`${where}: the page does not say it`]
    if (test) {
      const [file, title] = test
      const holds = existsSync(join(root, file)) && readFileSync(join(root, file), 'utf8').includes(title)
      return holds ? [] : [`${where}: ${file} has no '${title}'`]
    }
    return check(project).map(problem => `${where}: ${problem}`)
  })
  return {
    said: `${promises.length} sentences, ${promises.filter(({ check }) => check).length} checked here`,
    problems
  }
}

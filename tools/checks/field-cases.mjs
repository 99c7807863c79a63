// The cases of ../shared/field by the built command: of each what is right, and whether it is so.
//
// usage: node tools/checks/field-cases.mjs [--field ../shared/field] --python PYTHON
// PYTHON has torch, transformers, peft and safetensors: it makes the models of some cases, and loads adapters. Prints a
// line a check; exit code 1 where one fails.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const { values } = parseArgs({ options: { field: { type: 'string' }, python: { type: 'string' } } })
const field = resolve(values.field ?? join(root, '../shared/field'))
const scratch = mkdtempSync(join(tmpdir(), 'skipwise-field-'))
const environment = { ...process.env, SKIPWISE: root, TRANSFORMERS_VERBOSITY: 'error' }
const { loadChatTemplate, loadTokenizerJson } = await import(join(root, 'packages/tokenizers/dist/index.js'))

let failed = 0
/** Prints whether a check holds; what was found instead where it does not. */
function check(name, right, holds, found = '') {
  if (!holds) failed++
  console.log(`${holds ? 'right' : 'WRONG'}  ${name}: ${right}${holds ? '' : `; found ${String(found).slice(0, 400)}`}`)
}

const run = (program, args, cwd) => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env: environment, encoding: 'utf8' })
  return { code: status, stdout, stderr, all: `${stdout}${stderr}` }
}
const skipwise = (args, cwd = scratch) =>
  run(process.execPath, [join(root, 'packages/skipwise/dist/cli.js'), ...args], cwd)
const python = (args, cwd) => run(values.python, args, cwd)

/** The folder of a case, by its number. */
const folderOf = number =>
  join(
    field,
    readdirSync(field).find(name => name.startsWith(number))
  )
/** What doctor says of a configuration. */
function doctor(file, ...args) {
  const { code, stdout, all } = skipwise(['doctor', file, ...args, '--json'])
  try {
    return { code, all, ...JSON.parse(stdout) }
  } catch {
    return { code, all }
  }
}
/** What convert writes. */
function convert(file, ...args) {
  const { code, stdout, all } = skipwise(['convert', file, ...args])
  try {
    return { code, all, json: JSON.parse(stdout) }
  } catch {
    return { code, all, json: {} }
  }
}
/** A copy of a case's folder to run in, its models made and its recipes filled in. */
function workIn(number, made = false) {
  const folder = join(scratch, number)
  cpSync(folderOf(number), folder, { recursive: true })
  if (made) {
    const { code, all } = python(['make.py'], folder)
    check(number, 'the models are made', code === 0, all)
  }
  for (const name of readdirSync(folder).filter(each => each.endsWith('.yaml'))) {
    const file = join(folder, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('${SKIPWISE}', root))
  }
  return folder
}

/** The lines of doctor's table as `key value`, one text a RoPE. */
const tables = (file, ...args) =>
  skipwise(['doctor', file, ...args])
    .stdout.replace(/ {2,}/g, ' ')
    .split(/(?=\n\S+\n\n─)/)

function positions() {
  const neox = join(folderOf('01'), 'config.json')
  const [table] = tables(neox)
  check(
    '01',
    'R = 8, base 10000, no alarm',
    /rotary dimensions 8\n/.test(table) && /base 10000\n/.test(table) && doctor(neox).code === 0,
    table
  )
  const { json: longrope } = convert(neox, '--to', 'transformers', '--scheme', 'yarn-revised', '--target', '8192')
  check('01', '4 factors', longrope.rope_scaling?.long_factor?.length === 4, JSON.stringify(longrope))
  const { json: gguf } = convert(neox, '--to', 'llama.cpp')
  check('01', 'gptneox.rope.dimension_count 8', gguf['gptneox.rope.dimension_count'] === 8, JSON.stringify(gguf))

  for (const name of ['deepseek-v2-lite', 'deepseek-v3']) {
    const folder = join(folderOf('02'), name)
    check(
      '02',
      `${name}: R = 64, exit 0`,
      /rotary dimensions 64\n/.test(tables(folder)[0]) && doctor(folder).code === 0
    )
    check(
      '02',
      `${name}: deepseek2.rope.dimension_count 64`,
      convert(folder, '--to', 'llama.cpp').json['deepseek2.rope.dimension_count'] === 64
    )
  }

  const olmo = join(folderOf('03'), 'config.json')
  const both = tables(olmo).join('')
  check(
    '03',
    'two RoPEs: full yarn with A 1.2079441541679836, sliding none at base 500000',
    /full_attention[^]*scheme yarn[^]*1\.2079441541679836[^]*sliding_attention[^]*scheme none\n *base 500000\n/.test(
      both
    ),
    both
  )
  const nested = convert(olmo, '--to', 'transformers').json.rope_parameters
  check(
    '03',
    'nested rope_parameters',
    nested?.full_attention?.rope_type === 'yarn' && nested.sliding_attention?.rope_type === 'default',
    JSON.stringify(nested)
  )

  const su = doctor(join(folderOf('04'), 'config.json'), '--for', 'transformers')
  check(
    '04',
    'wrong, with the fix to convert',
    su.code === 1 && /su-original[^]*skipwise convert --to transformers/.test(su.all),
    su.all
  )
  const phi3Yarn = tables(join(folderOf('04'), 'phi3-yarn'), '--for', 'transformers')[0]
  check(
    '04',
    'neighbour: yarn in a phi3 file is longrope, A 1.190238',
    /scheme longrope[^]*1\.190238/.test(phi3Yarn),
    phi3Yarn
  )

  const phi3 = join(folderOf('05'), 'config.json')
  const { keys, tensors } = convert(phi3, '--to', 'llama.cpp').json
  const factors = ['rope_factors_short.weight', 'rope_factors_long.weight'].map(name => tensors?.[name]?.length)
  check('05', 'exit 0', doctor(phi3, '--for', 'llama.cpp').code === 0)
  check(
    '05',
    'attn_factor 1.1902380714238083, two lists of 48, the original 4096',
    keys?.['phi3.rope.scaling.attn_factor'] === 1.1902380714238083 &&
      keys['phi3.rope.scaling.original_context_length'] === 4096 &&
      String(factors) === '48,48',
    JSON.stringify(keys)
  )

  const vicuna = tables(join(folderOf('06'), 'vicuna'))[0]
  check('06', 'original 4k, target 16k', /original length 4k\n *target length 16k\n/.test(vicuna), vicuna)

  const missing = name => doctor(join(folderOf('16'), name))
  check('16', 'LLaMA 1 and 2: a note, exit 0', missing('llama-1-7b').code === 0 && missing('llama-2-7b').code === 0)
  check(
    '16',
    'Mixtral: wrong, base 1000000',
    missing('mixtral-without-theta').code === 1 &&
      /base 1000000\n/.test(tables(join(folderOf('16'), 'mixtral-without-theta'))[0])
  )
  const alibi = skipwise(['doctor', join(folderOf('17'), 'config.json')])
  check(
    '17',
    'ALiBi, no RoPE, window 4k, exit 0',
    alibi.code === 0 && /ALiBi, no RoPE\n *window +4k/.test(alibi.stdout),
    alibi.all
  )
  check(
    '17',
    'neighbour: GPT-2 has learned positions',
    /learned positions, no RoPE/.test(skipwise(['doctor', join(folderOf('17'), 'neighbours/gpt2')]).stdout)
  )
  for (const name of ['qwen2.5-vl-mrope-default', 'qwen2.5-vl-mrope-old'])
    check(
      '18',
      `${name}: read as default, base 1e6, R = 128`,
      /scheme none[^]*base 1000000\n[^]*rotary dimensions 128\n/.test(tables(join(folderOf('18'), name))[0])
    )
  const gemma = tables(join(folderOf('18'), 'gemma-3-4b-it')).join('')
  check(
    '18',
    'gemma-3-4b: full linear 8 at base 1e6, sliding base 10000',
    /full_attention[^]*scheme linear\n *base 1000000\n *factor 8\n[^]*sliding_attention[^]*scheme none\n *base 10000\n/.test(
      gemma
    ),
    gemma
  )
  check(
    '19',
    'phi2 and gptneox',
    'phi2.context_length' in convert(join(folderOf('19'), 'phi-2'), '--to', 'llama.cpp').json &&
      'gptneox.context_length' in convert(join(folderOf('19'), 'pythia-14m'), '--to', 'llama.cpp').json
  )
  for (const name of ['dynamic', 'yarn']) {
    const folder = join(folderOf('22'), name)
    check(
      '22',
      `${name}: wrong, the fix "head_dim": 128, which convert writes`,
      doctor(folder, '--for', 'transformers').code === 1 &&
        convert(folder, '--to', 'transformers').json.head_dim === 128
    )
  }
  for (const [name, spelling] of [
    ['gemma-2', '30.0'],
    ['deepseek-v2-lite', '1.0']
  ]) {
    const output = join(scratch, `${name}.json`)
    skipwise(['convert', join(folderOf('15'), name), '--to', 'transformers', '--output', output])
    const kept = readFileSync(output, 'utf8')
    const lost = readFileSync(join(folderOf('15'), name, 'config.json'), 'utf8')
      .match(/"\w+": \d+\.\d+/g)
      .filter(pair => !kept.includes(pair))
    check(
      '15',
      `${name}: ${spelling} keeps its spelling`,
      kept.includes(spelling) && lost.length === 0,
      lost.join(', ')
    )
  }
}

async function texts() {
  const conversation = [
    { role: 'system', content: 'S' },
    { role: 'user', content: 'U' }
  ]
  const prompt = async (folder, messages = conversation) => (await loadChatTemplate(folder)).render(messages)
  const goesOn = await prompt(join(folderOf('10'), 'continue'))
  check('10', 'continue: "[system]S[user]U;"', goesOn === '[system]S[user]U;', goesOn)
  const breaks = join(scratch, 'break')
  mkdirSync(breaks)
  const kept = JSON.parse(readFileSync(join(folderOf('10'), 'continue/tokenizer_config.json'), 'utf8'))
  writeFileSync(
    join(breaks, 'tokenizer_config.json'),
    JSON.stringify({ ...kept, chat_template: kept.chat_template.replace('continue', 'break') })
  )
  const broken = await prompt(breaks)
  check('10', 'break: "[system]S"', broken === '[system]S', broken)
  for (const name of ['file', 'string']) {
    const text = await prompt(join(folderOf('11'), name))
    check(
      '11',
      `${name}: line ends are \\n, as Jinja makes them`,
      text === 'system\nS\n\nuser\nU\n\n',
      JSON.stringify(text)
    )
  }
  const stripped = await prompt(folderOf('12'), JSON.parse(readFileSync(join(folderOf('12'), 'messages.json'), 'utf8')))
  check('12', 'strip takes the characters given', stripped === '    return x\n  |    a|b  ', JSON.stringify(stripped))
  const toolless = await prompt(folderOf('13'))
  check('13', 'tools and documents are None: "U"', toolless === 'U', toolless)
  const ids = await loadTokenizerJson(folderOf('21')).then(
    tokenizer => [...tokenizer.encode('cat cats concat cat.')].join(),
    error => error.code
  )
  check(
    '21',
    'the added token counts as a whole word alone',
    ids === '900,354,420,361,342,611,326,361,354,900,354,273',
    ids
  )

  const data = workIn('14')
  const array = skipwise(['train', 'recipe-array.yaml', '--plan', '--json'], data)
  const records = JSON.parse(readFileSync(join(data, 'array.json'), 'utf8')).length
  check(
    '14',
    'an array is read as its records, or refused',
    array.code === 2 || array.all.includes(`${records} documents`),
    array.all
  )
  const plan = skipwise(['train', 'recipe-c4.yaml', '--plan', '--json'], data)
  check('14', 'rows of .json.gz are records: 3 documents', /3 documents|"documents": 3/.test(plan.all), plan.all)
}

function models() {
  const window = workIn('06', true)
  const linear = skipwise(['extend', 'recipe.yaml'], window)
  const written =
    linear.code === 0
      ? JSON.parse(readFileSync(join(window, 'out/config.json'), 'utf8')).rope_parameters?.factor
      : undefined
  check(
    '06',
    'the extension from 256 to 2,048 needs factor 8, or is refused',
    linear.code === 2 || written === 8,
    `${linear.all} ${written}`
  )

  const head = workIn('07', true)
  const { stdout } = skipwise(['generate', 'model', 'The pass key is', '--max-new-tokens', '6'], head)
  const theirs = python(
    [
      '-c',
      `
from transformers import AutoModelForCausalLM, AutoTokenizer
m = AutoModelForCausalLM.from_pretrained('model', dtype='float32'); t = AutoTokenizer.from_pretrained('model')
i = t('The pass key is', return_tensors='pt')
print(t.decode(m.generate(**i, max_new_tokens=6, do_sample=False)[0][i['input_ids'].shape[1]:]))`
    ],
    head
  )
  check(
    '07',
    `the stored head, as transformers: ${JSON.stringify(theirs.stdout.trim())}`,
    theirs.code === 0 && stdout.trim().endsWith(theirs.stdout.trim()),
    `${stdout} | ${theirs.all}`
  )

  const int8 = workIn('08', true)
  for (const name of ['bnb-int8', 'w8a8-int8']) {
    const refused = skipwise(['generate', name, 'The'], int8)
    check(
      '08',
      `${name} is refused`,
      refused.code !== 0 && refused.stdout === '' && /MODEL_QUANTIZED/.test(refused.stderr),
      refused.all
    )
  }

  const adapter = workIn('09')
  const extended = skipwise(['extend', 'recipe.yaml'], adapter)
  const difference = Number(
    /max \|merged - peft\| = ([\d.]+)/.exec(
      python(['check.py', 'out', join(root, 'packages/tiny-llama/model')], adapter).stdout
    )?.[1]
  )
  check(
    '09',
    `merged model and base + adapter are the same (largest difference ${difference}, of bfloat16)`,
    extended.code === 0 && difference < 0.15,
    extended.all
  )

  const end = workIn('20', true)
  const stopped = skipwise(['generate', 'model', 'The cat sat on', '--max-new-tokens', '12', '--json'], end)
  check('20', 'generation stops after id 12', stopped.code === 0 && !/pass key/.test(stopped.stdout), stopped.all)
}

try {
  positions()
  await texts()
  if (values.python) models()
  else console.log('06 to 09 and 20 need --python')
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0

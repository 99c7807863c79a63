// The config.json files of test/golden/families.json of @skipwise/interpolation, and what `skipwise convert` makes of
// each; tools/golden/rope_families.py reads them. Build first: npx nx run skipwise:build
import { readFileSync } from 'node:fs'
import { editConfigText } from '../../packages/checkpoints/dist/index.js'
import { createRegistry } from '../../packages/core/dist/index.js'
import { convertConfig, interpolationPlugins } from '../../packages/interpolation/dist/index.js'

const registry = createRegistry().register(...interpolationPlugins)
const resolve = reference => registry.resolveUnknown('interpolation', reference)
const families = JSON.parse(
  readFileSync(new URL('../../packages/interpolation/test/golden/families.json', import.meta.url), 'utf8')
)
const ways = {
  'both keys': { to: 'transformers' },
  'new keys': { to: 'transformers', keys: 'new' },
  'old keys': { to: 'transformers', keys: 'old' },
  'as longrope': { to: 'transformers', asLongrope: true },
  'to vLLM': { to: 'vllm' }
}

function convertedText(config, text, options) {
  try {
    const { changes } = convertConfig(config, options, resolve)
    return [editConfigText(text, changes)]
  } catch (error) {
    // refused, with a reason: nothing to load
    if (error.code !== 'ROPE_INEXPRESSIBLE' && error.code !== 'INTERPOLATION_EXPORT') throw error
    return []
  }
}

const result = Object.entries(families).map(([name, config]) => {
  const text = JSON.stringify(config, null, 2)
  const converted = Object.entries(ways).flatMap(([way, options]) =>
    convertedText(config, text, options).map(each => [way, each])
  )
  // GPT-J has no scaling of its own: what its file says is never read
  return [name, { text, converted: Object.fromEntries(config.model_type === 'gptj' ? [] : converted) }]
})
process.stdout.write(JSON.stringify(Object.fromEntries(result)))

import { DEFAULT_EXECUTOR } from '@skipwise/experiment'
import { expect, test } from 'vitest'
import { executorOption } from './command-line.js'
import { executorReference } from './parts.js'

test.each([
  ['onnx', { onnx: {} }],
  ['onnx:webgpu', { onnx: { device: 'webgpu' } }],
  ['tfjs:cpu', { tfjs: { backend: 'cpu' } }],
  ['tensorflow:bfloat16', { tensorflow: { dtype: 'bfloat16' } }],
  ['tensorflow:xla', { tensorflow: { xla: true } }],
  ['tensorflow:bfloat16:xla', { tensorflow: { dtype: 'bfloat16', xla: true } }]
])('--executor %s is %j in a recipe', (text, reference) => {
  expect(executorReference(text)).toEqual(reference)
  const [[name, config]] = Object.entries(reference)
  expect(executorReference(text, 2)).toEqual({ [name]: { ...config, threads: 2 } })
})

test('commands and recipes have the same executor where none is named', () =>
  expect(executorOption().defaultValue).toBe(DEFAULT_EXECUTOR))

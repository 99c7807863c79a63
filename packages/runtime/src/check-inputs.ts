import { SkipwiseError } from '@skipwise/core'
import type { Values } from './executor.js'
import type { Graph } from './graph.js'

/**
 * Every input of the graph is there, with its shape and type, and nothing else. For executors. @throws SkipwiseError
 * `EXECUTOR_INPUT`
 */
export function checkInputs(graph: Graph, inputs: Values): void {
  for (const [name, id] of Object.entries(graph.inputs)) {
    const spec = graph.values[id]
    const value = inputs[name]
    if (!value) throw inputError(graph, `input '${name}' is missing`)
    if (value.dtype !== spec.dtype || String(value.shape) !== String(spec.shape)) {
      throw inputError(
        graph,
        `input '${name}' is ${value.dtype} [${value.shape.join()}], not ${spec.dtype} [${spec.shape.join()}]`
      )
    }
  }
  for (const name of Object.keys(inputs))
    if (!(name in graph.inputs)) throw inputError(graph, `there is no input '${name}'`)
}

const inputError = (graph: Graph, problem: string) =>
  new SkipwiseError('EXECUTOR_INPUT', {
    problem: `program '${graph.name}': ${problem}`,
    fix: `pass exactly ${Object.keys(graph.inputs).slice(0, 8).join(', ')}${Object.keys(graph.inputs).length > 8 ? ', …' : ''}`
  })

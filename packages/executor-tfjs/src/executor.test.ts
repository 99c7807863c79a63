import { describeExecutor } from '@skipwise/testing'
import { openTfjsExecutor } from './executor.js'

describeExecutor('tfjs cpu', () => openTfjsExecutor('cpu'))
describeExecutor('tfjs wasm', () => openTfjsExecutor('wasm'), { lacks: ['UnsortedSegmentSum'] })

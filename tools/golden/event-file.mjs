// The event file of the golden values of @skipwise/training; tools/golden/event_file.py reads it with TensorBoard.
// Build first: npx nx run @skipwise/training:build
// usage: node tools/golden/event-file.mjs FOLDER
import { MetricsLog } from '../../packages/training/dist/index.js'

const log = new MetricsLog(process.argv[2])
// numbers that float32 holds, so that what is read back is what was written
for (const step of [1, 2, 300])
  log.write(
    step,
    { loss: 3.5 - step / 512, learningRate: 0.0009765625, gradientNorm: step * 1.5 },
    new Date(Date.UTC(2026, 10, 24, 12, 0, step))
  )

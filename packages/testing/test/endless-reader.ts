// Run by fuzz-reader.test.ts: a reader that never comes back from the only change of its file.
import { fuzzReader } from '../src/fuzz/fuzz-reader.js'

await fuzzReader({
  files: [Uint8Array.of(1, 2, 3, 4, 5)],
  seed: 7,
  runs: 1,
  stepSeconds: 0.25,
  read: async function* () {
    for (;;);
  }
})

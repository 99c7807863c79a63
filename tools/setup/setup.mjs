// node tools/setup/setup.mjs [--build]
import { prepare } from './prepare.mjs'

await prepare({ build: process.argv.includes('--build') })

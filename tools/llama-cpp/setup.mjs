#!/usr/bin/env node
// llama.cpp as node-llama-cpp 3.22.1 ships it, built for this machine, without install scripts: about 80 MB, in a cache
// outside of the checkout, so that `npm run setup` does not download it. Tests that compare with it run where it is
// installed, and are reported as skipped elsewhere.
//
// usage: node tools/llama-cpp/setup.mjs
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installedLlamaCpp, llamaCppFolder, VERSION } from './installed.mjs'

/** Packages with the program, by platform. */
const PROGRAMS = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64'
}

/** Installs it where it is missing. */
export function setup(say = text => console.error(`llama-cpp: ${text}`)) {
  if (installedLlamaCpp()) return say(`${llamaCppFolder} has it`)
  const program = PROGRAMS[`${process.platform}-${process.arch}`]
  if (!program) throw new Error(`node-llama-cpp has no program for ${process.platform}-${process.arch}`)
  say(`installing node-llama-cpp ${VERSION} in ${llamaCppFolder}`)
  mkdirSync(llamaCppFolder, { recursive: true })
  writeFileSync(`${llamaCppFolder}/package.json`, JSON.stringify({ name: 'skipwise-llama-cpp', private: true }))
  // optional packages are the programs of all platforms and graphics cards: only the one that is needed is named
  const packages = [`node-llama-cpp@${VERSION}`, `@node-llama-cpp/${program}@${VERSION}`]
  execFileSync(
    'npm',
    ['install', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--save-exact', ...packages],
    { cwd: llamaCppFolder, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' }
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    setup()
  } catch (error) {
    console.error(`llama-cpp: it cannot be installed (${error.message}): the tests that compare with it are skipped`)
    process.exit(1)
  }
}

import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sharedFixture } from './fixtures.js'

let root: string
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'skipwise-fixtures-')))
  await mkdir(join(root, 'checkout', 'packages', 'one', 'src'), { recursive: true })
  await mkdir(join(root, 'shared', 'fixtures', 'models'), { recursive: true })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true, force: true })
})

test('finds what lies beside the workspace, from any folder of it', async () => {
  await writeFile(join(root, 'checkout', 'pnpm-workspace.yaml'), '')
  for (const folder of ['checkout', 'checkout/packages/one/src']) {
    vi.spyOn(process, 'cwd').mockReturnValue(join(root, folder))
    expect(sharedFixture('models')).toBe(join(root, 'shared', 'fixtures', 'models'))
    expect(sharedFixture('models/absent.json')).toBeUndefined()
  }
})

test('finds nothing outside a workspace', () => {
  vi.spyOn(process, 'cwd').mockReturnValue(join(root, 'checkout', 'packages'))
  expect(sharedFixture('models')).toBeUndefined()
})

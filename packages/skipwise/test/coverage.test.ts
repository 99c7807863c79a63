import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { Workspace } from './workspace.js'

const workspace = new Workspace()
afterAll(() => workspace.remove())

describe('skipwise coverage', () => {
  test('plans exactly where it can, counts where it must, and draws the chart', async () => {
    const { code, stdout } = await workspace.run([
      'coverage',
      '--original',
      '2048',
      '--target',
      '16384',
      '--transform',
      'pose',
      '{"pose": {"chunks": 3}}',
      '--json',
      '--every',
      '2048',
      '--svg',
      'coverage.svg'
    ])
    expect(code).toBe(0)
    const { plans, ...rest } = JSON.parse(stdout) as { plans: Record<string, unknown>[] }
    expect(rest).toEqual({
      version: 1,
      window: { original: 2048, target: 16384 },
      serve: 16384,
      plannedExamples: 64000
    })
    expect(plans).toMatchObject([
      { transform: 'pose', exact: true, isEven: false, recommendedTarget: 18432 },
      { transform: 'pose {"chunks":3}', exact: false, seed: 0 }
    ])
    expect(plans[0].distances).toEqual([0, 2048, 4096, 6144, 8192, 10240, 12288, 14336])
    for (const p of (plans[0].probability as number[]).slice(1)) expect(p).toBeCloseTo(2047 / 14337, 12)
    expect(readFileSync(workspace.path('coverage.svg'), 'utf8')).toMatch(/^<svg/)
  })

  test('says which target serves a length', async () => {
    const { code, stdout } = await workspace.run(['coverage', '--original', '2048', '--target', '131072'])
    expect(code).toBe(0)
    expect(stdout).toContain('at least 133120 (T + L_c)')
    expect(
      (await workspace.run(['coverage', '--original', '2048', '--target', '131072', '--serve', '120000'])).stdout
    ).toContain('covers every distance below 120000 about evenly')
  })

  test.each([
    [['--original', '8', '--target', '4'], 'POSITIONS_WINDOW'],
    [['--original', '8'], 'CLI_USAGE'],
    [['--train', '8', '--target', '16'], 'CLI_USAGE: .*It is now --original\\.'],
    [['--original', '8', '--target', '16', '--transform', 'pos'], 'PLUGIN_UNKNOWN']
  ])('refuses %j', async (args, error) => {
    const { code, stdout, stderr } = await workspace.run(['coverage', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(new RegExp(`^${error}: `, 'm'))
  })
})

// The position explorer in headless Chromium, built from the packages' sources. SKIPWISE_SCREENSHOTS=folder keeps what
// the browser showed.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exactCoverage, pose } from '@skipwise/position-transforms'
import { serve } from './serve.mjs'
import { buildExplorer } from './site/explorer.mjs'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(path => existsSync(path))
const screenshots = process.env.SKIPWISE_SCREENSHOTS
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

describe.skipIf(!executablePath)(
  `the position explorer in Chromium${executablePath ? '' : ' (skipped: /usr/bin/chromium is not installed)'}`,
  () => {
    let folder, server, context, page, address
    const troubles = []

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'explorer-'))
      await buildExplorer(join(folder, 'site', 'explorer'))
      server = await serve(join(folder, 'site'), 0)
      address = `http://127.0.0.1:${server.address().port}/explorer/`
      context = await chromium.launchPersistentContext(join(folder, 'profile'), {
        executablePath,
        headless: true,
        args,
        viewport: { width: 1000, height: 1400 }
      })
      page = await context.newPage()
      page.on('console', message => troubles.push(`${message.type()}: ${message.text()}`))
      page.on('pageerror', error => troubles.push(String(error)))
      page.on('request', request => {
        if (!request.url().startsWith(address) && !request.url().endsWith('favicon.ico'))
          troubles.push(`asked for ${request.url()}`)
      })
    }, 60_000)
    afterAll(async () => {
      await context?.close()
      server?.close()
      rmSync(folder, { recursive: true, force: true })
    })
    beforeEach(() => page.goto(`${address}index.html`))

    const text = id => page.locator(`#${id}`).textContent()
    const set = async (id, value) => {
      await page.locator(`#${id}`).fill(String(value))
      await page.keyboard.press('Tab')
    }
    const shot = async name => {
      if (!screenshots) return
      mkdirSync(screenshots, { recursive: true })
      await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true })
    }

    test('draws the examples that the package makes, its exact coverage and the factors of the scheme', async () => {
      const example = pose({
        chunks: 2,
        content: 'sampled',
        lengths: 'uniform',
        splitAt: [],
        maskBoundaryLabels: false
      }).example(new Int32Array(20000), { original: 2048, target: 16384 }, { seed: 0, epoch: 0, index: 0 })
      const cut = example.positionIds.findIndex((position, t) => position !== t)
      const [from, to] = [example.positionIds[cut], example.positionIds[2047]]
      expect(await page.locator('#samples path title').first().textContent()).toBe(
        `example 0: 0 … ${cut - 1}, ${from} … ${to}`
      )
      expect(await text('coverage-text')).toBe('Exact. Every distance is seen.')
      const slider = page.locator('#coverage input[type=range]')
      await slider.fill('8192')
      expect(await page.locator('#coverage output').textContent()).toBe(
        `distance 8,192: ${exactCoverage({ original: 2048, target: 16384 })[8192].toPrecision(3)}`
      )
      expect(await text('frequencies-text')).toBe('s = 8; attention factor of yarn: 1.21. Thin lines: linear, ntk.')
      await page.locator('#frequencies input[type=range]').fill('63')
      expect(await page.locator('#frequencies output').textContent()).toBe('pair 63: yarn 8, linear 8, ntk 8')
      for (const figure of ['samples', 'coverage', 'frequencies']) {
        expect(await page.locator(`#${figure} svg[role=img]`).getAttribute('aria-label')).toMatch(/\S/)
        const box = await page.locator(`#${figure} svg`).boundingBox()
        expect(box.width).toBeGreaterThan(500)
        expect(box.height).toBeGreaterThan(100)
      }
      await shot('explorer-light')
    })

    test('a view is shared by its address: what the form says stands there, and is what another visitor sees', async () => {
      await set('train', 512)
      await set('target', 4096)
      await set('chunks', 3)
      await page.locator('#scheme').selectOption('ntk')
      await page.locator('#again').click()
      const url = new URL(page.url())
      expect(Object.fromEntries(url.searchParams)).toEqual({
        train: '512',
        target: '4096',
        chunks: '3',
        scheme: 'ntk',
        seed: '1'
      })
      const seen = await page.locator('#figures').innerHTML()
      const other = await context.newPage()
      await other.goto(page.url())
      expect(await other.locator('#figures').innerHTML()).toBe(seen)
      expect(await other.locator('#chunks').inputValue()).toBe('3')
      await other.close()
      expect(await text('coverage-text')).toMatch(/^Counted over \d+ examples\./)
    })

    test('an address with nonsense shows the beginning; huge numbers are bounded', async () => {
      await page.goto(`${address}index.html?train=x&positions=__proto__&scheme=%3Cscript%3E&target=1e99&dimensions=7`)
      expect(await page.locator('#train').inputValue()).toBe('2048')
      expect(await page.locator('#positions').inputValue()).toBe('pose')
      expect(await page.locator('#scheme').inputValue()).toBe('yarn')
      expect(await page.locator('#target').inputValue()).toBe('1048576')
      expect(await page.locator('#dimensions').inputValue()).toBe('6')
    })

    test('windows that a transform cannot serve are refused in its words, and come back', async () => {
      await set('target', 1024)
      expect(await page.locator('[role=alert]').textContent()).toContain('give integers with 1 ≤ original ≤ target')
      expect(await page.locator('#figures').isVisible()).toBe(false)
      await set('target', 4096)
      expect(await page.locator('[role=alert]').textContent()).toBe('')
      expect(await page.locator('#figures').isVisible()).toBe(true)
    })

    test('every transform and every scheme of the lists draws', async () => {
      for (const id of ['positions', 'scheme']) {
        for (const name of await page.locator(`#${id} option`).allTextContents()) {
          await page.locator(`#${id}`).selectOption(name)
          expect(await page.locator('[role=alert]').textContent(), name).toBe('')
          expect(await page.locator('#coverage path.line').count(), name).toBe(1)
        }
      }
      expect(await page.locator('#positions option').count()).toBeGreaterThan(8)
    }, 120_000)

    test('is used by keyboard alone, and every control has a name', async () => {
      const reached = []
      for (let i = 0; i < 20; i++) {
        await page.keyboard.press('Tab')
        reached.push(
          await page.evaluate(
            () =>
              document.activeElement?.id ||
              document.activeElement?.getAttribute('aria-label') ||
              document.activeElement?.textContent
          )
        )
      }
      for (const id of [
        'train',
        'target',
        'positions',
        'chunks',
        'seed',
        'again',
        'scheme',
        'dimensions',
        'base',
        'copy',
        'Read the curve at: relative distance',
        'Read the curve at: rotary pair i, fast to slow'
      ])
        expect(reached).toContain(id)
      await page.locator('#coverage input[type=range]').focus()
      const before = await page.locator('#coverage output').textContent()
      await page.keyboard.press('ArrowRight')
      expect(await page.locator('#coverage output').textContent()).not.toBe(before)
      for (const control of await page.locator('input, select').all()) {
        expect(await control.evaluate(node => node.labels?.length > 0 || node.hasAttribute('aria-label'))).toBe(true)
      }
    })

    test('is light and dark, as the system or the reference has it, with enough contrast, and fits a phone', async () => {
      const contrast = () =>
        page.evaluate(() => {
          const luminance = colour => {
            const [r, g, b] = colour
              .match(/[\d.]+/g)
              .map(Number)
              .map(v => v / 255)
              .map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            return 0.2126 * r + 0.7152 * g + 0.0722 * b
          }
          const paper = luminance(getComputedStyle(document.body).backgroundColor)
          const inks = ['body', '.summary', '#coverage output'].map(name =>
            luminance(getComputedStyle(document.querySelector(name)).color)
          )
          return {
            paper,
            least: Math.min(...inks.map(ink => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)))
          }
        })
      const light = await contrast()
      await page.emulateMedia({ colorScheme: 'dark' })
      const dark = await contrast()
      expect([light.paper > 0.9, dark.paper < 0.1]).toEqual([true, true])
      expect(Math.min(light.least, dark.least)).toBeGreaterThan(4.5)
      await shot('explorer-dark')
      await page.setViewportSize({ width: 380, height: 800 })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380)
      await shot('explorer-phone')
      await page.setViewportSize({ width: 1000, height: 1400 })
      await page.emulateMedia({ colorScheme: 'light' })
    })

    test('said nothing on the console and asked for nothing else', () =>
      expect(troubles.filter(trouble => !trouble.includes('favicon') && !trouble.includes('404'))).toEqual([]))
  }
)

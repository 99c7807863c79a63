import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVERYTHING, hostileReport } from '../test/hostile.js'
import { sampleReport } from '../test/sample.js'
import { figureNumbers, renderReport, reportFiles, toCsv } from './index.js'

// Debian's package; CI installs it. SKIPWISE_SCREENSHOTS=folder keeps what the browser showed.
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
  `the page in Chromium${executablePath ? '' : ' (skipped: /usr/bin/chromium is not installed)'}`,
  () => {
    let folder: string, context: BrowserContext, page: Page
    const troubles: string[] = []
    const addresses: string[] = []

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'report-'))
      await writeFile(join(folder, 'report.html'), await renderReport(sampleReport))
      context = await chromium.launchPersistentContext(join(folder, 'profile'), {
        executablePath: executablePath as string,
        headless: true,
        args,
        acceptDownloads: true
      })
      page = await context.newPage()
      page.on('console', message => troubles.push(`${message.type()}: ${message.text()}`))
      page.on('pageerror', error => troubles.push(String(error)))
      page.on('request', request => addresses.push(request.url()))
      await page.goto(pathToFileURL(join(folder, 'report.html')).href)
    }, 60_000)

    afterAll(async () => {
      await context.close()
      await rm(folder, { recursive: true, force: true })
    })

    it('says nothing on the console, asks for no other address and shows every chart', async () => {
      expect(troubles).toEqual([])
      expect(addresses).toEqual([pathToFileURL(join(folder, 'report.html')).href])
      const charts = page.locator('figure svg[role=img]')
      expect(await charts.count()).toBe(sampleReport.charts.length)
      for (const chart of await charts.all()) {
        const box = await chart.boundingBox()
        expect(box && box.width > 300 && box.height > 80).toBe(true)
        expect(await chart.getAttribute('aria-label')).toMatch(/\S/)
      }
    })

    it('runs nothing, fetches nothing and shows every figure of hostile results, as a page and as drawings', async () => {
      const hostile = hostileReport(EVERYTHING)
      const shown = await context.newPage()
      const asked: string[] = []
      const heard: string[] = []
      shown.on('console', message => heard.push(message.text()))
      shown.on('pageerror', error => heard.push(String(error)))
      shown.on('dialog', dialog => {
        heard.push(dialog.message())
        void dialog.dismiss()
      })
      shown.on('request', request => asked.push(request.url()))
      const visited: string[] = []
      for (const { name, text } of (await reportFiles(hostile)).filter(({ name }) => /\.(html|svg)$/.test(name))) {
        const file = join(folder, `hostile-${name}`)
        await writeFile(file, text)
        visited.push(pathToFileURL(file).href)
        await shown.goto(pathToFileURL(file).href)
        expect(
          await shown.locator('script, img, iframe, object, link, parsererror, [onload], [onerror]').count(),
          name
        ).toBe(0)
        expect(await shown.locator('svg[role=img]').count(), name).toBe(
          name.endsWith('.html') ? hostile.charts.length : 1
        )
      }
      expect(heard).toEqual([])
      expect(asked).toEqual(visited)
      expect(visited).toHaveLength(1 + hostile.charts.length)
      await shown.close()
    })

    it('saves the numbers of every figure', async () => {
      for (const chart of sampleReport.charts) {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.locator(`a[download="${chart.id}.csv"]`).click()
        ])
        expect(download.suggestedFilename()).toBe(`${chart.id}.csv`)
        expect(await readFile(await download.path(), 'utf8')).toBe(toCsv(figureNumbers(chart)))
      }
    })

    it('is used by keyboard alone: every download and every table can be reached', async () => {
      const reached = new Set<string>()
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab')
        reached.add(
          (await page.evaluate(
            '(() => { const a = document.activeElement; return a.getAttribute("download") ?? a.tagName })()'
          )) as string
        )
      }
      for (const chart of sampleReport.charts) expect(reached).toContain(`${chart.id}.csv`)
      expect(reached).toContain('SUMMARY')
    })

    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [400, 1000, 1440]) {
        it(`fits ${width} px, ${colorScheme}`, async () => {
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize({ width, height: 900 })
          expect(await page.evaluate('document.scrollingElement.scrollWidth')).toBeLessThanOrEqual(width)
          // From a small laptop on the results table needs no scrolling.
          if (width >= 1000)
            expect(
              await page.evaluate(
                '[...document.querySelectorAll("section > .scroll")].map(box => box.scrollWidth - box.clientWidth)'
              )
            ).toEqual([0])
          const background = (await page.evaluate('getComputedStyle(document.body).backgroundColor')) as string
          expect(background).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 24, 29)')
          if (screenshots) {
            await mkdir(screenshots, { recursive: true })
            await page.screenshot({ path: join(screenshots, `${colorScheme}-${width}.png`), fullPage: true })
          }
        })
      }
    }

    it('prints in the light theme, without what only a screen can do', async () => {
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
      expect(
        await page.evaluate(
          '[...document.querySelectorAll(".actions")].every(each => getComputedStyle(each).display === "none")'
        )
      ).toBe(true)
    })
  }
)

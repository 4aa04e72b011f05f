/** The page of the documentation in a real browser. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { describeInBrowser, launchBrowser } from '../kit/browser.ts'
import { type Edge, startEdge } from './edge.ts'

describeInBrowser('the page in a browser', definePageTests)

/** Opens the page and keeps what it asks for and complains about. */
async function openPage(browser: Browser, url: URL, colorScheme: 'light' | 'dark') {
  const context = await browser.newContext({ colorScheme })
  const page = await context.newPage()
  const requested: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requested.push(request.url()))
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`)
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(message.text())
    }
  })
  await page.goto(url.href)
  await page.waitForSelector('.opblock')
  return { page, context, requested, complaints }
}

function definePageTests(): void {
  let browser: Browser
  let edge: Edge

  beforeAll(async () => {
    browser = await launchBrowser()
    edge = startEdge()
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await edge?.[Symbol.asyncDispose]()
  })

  for (const scheme of ['light', 'dark'] as const) {
    test(`it is complete, quiet and offline in ${scheme} colours`, async () => {
      const { page, context, requested, complaints } = await openPage(browser, edge.url, scheme)
      expect(page.url()).toBe(new URL('/docs', edge.url).href)
      expect(await page.title()).toBe('sluice API')
      const places = await page.locator('.opblock-summary-path').allInnerTexts()
      const shown = places.map((place) => place.replaceAll('\u200b', ''))
      for (const path of ['/v1/chat/completions', '/v1/{path}', '/buffer-pool-metrics']) {
        expect(shown).toContain(path)
      }
      const described = await (await fetch(new URL('/docs/json', edge.url))).json()
      const operations = Object.values(described.paths).flatMap((item) => Object.keys(item ?? {}))
      expect(shown).toHaveLength(operations.length)

      const operation = page.locator('#operations-Proxy-createChatCompletion')
      await operation.locator('.opblock-summary-control').click()
      await operation.locator('.responses-inner').waitFor()
      expect(await operation.innerText()).toContain('x-sluice-provider')

      const isDark = await page.evaluate("document.documentElement.classList.contains('dark-mode')")
      expect(isDark).toBe(scheme === 'dark')
      expect(requested.length).toBeGreaterThanOrEqual(6)
      for (const url of requested) expect(new URL(url).host).toBe(edge.url.host)
      expect(complaints).toEqual([])
      await context.close()
    }, 60_000)
  }

  test('a request is tried out from the page', async () => {
    const { page, context, complaints } = await openPage(browser, edge.url, 'light')
    const operation = page.locator('#operations-Proxy-createChatCompletion')
    await operation.locator('.opblock-summary-control').click()
    await operation.locator('.try-out__btn').click()
    await operation.locator('.execute').click()
    const answer = operation.locator('.live-responses-table')
    await answer.waitFor()
    expect(await answer.innerText()).toContain('"ok": true')
    expect(edge.asked.at(-1)?.call.endpoint).toBe('chat-completions')
    expect(edge.asked.at(-1)?.call.provider).toBeNull()
    expect(complaints).toEqual([])
    await context.close()
  }, 60_000)
}

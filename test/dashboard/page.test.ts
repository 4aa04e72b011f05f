/** The dashboard in a real browser, on the executable, with the network cut off. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import {
  describeInBrowser,
  expectNoSidewaysScroll,
  expectQuiet,
  keepScreenshot,
  launchBrowser,
  openPage,
  seriousFaults,
} from '../kit/browser.ts'
import type { Program } from '../kit/program.ts'
import { eventually as eventuallyWithin } from '../kit/signal.ts'
import {
  alertRule,
  doomedRoute,
  pairedRoute,
  sendChat,
  startDashboard,
  startTraffic,
  targets,
} from './stand.ts'

setDefaultTimeout(60_000)

const views = [
  'overview',
  'streams',
  'providers',
  'queue',
  'pool',
  'keys',
  'errors',
  'alerts',
  'playground',
] as const

describeInBrowser('the dashboard', () => {
  let browser: Browser
  let program: Program
  let traffic: ReturnType<typeof startTraffic>

  beforeAll(async () => {
    program = await startDashboard({ WORKERS: '2' })
    traffic = startTraffic(program.url)
    browser = await launchBrowser()
  }, 180_000)

  afterAll(async () => {
    await traffic?.stop()
    await browser?.close()
    await program?.stop()
  })

  const open = (view: string, look: Parameters<typeof openPage>[2] = {}) =>
    openPage(browser, new URL(`${program.url}/dashboard#/${view}`), look)

  test('figures and charts move, and nothing is loaded from elsewhere', async () => {
    await using watched = await open('overview')
    const { page, asked } = watched
    const drawing = page.locator('[data-chart=throughput] .plot')
    await drawing.locator('canvas').waitFor()
    await eventually(
      async () => /[1-9]/.test((await figure(page, 'Requests/s')) ?? ''),
      'requests are counted',
    )
    const [pixels, words] = [await pixelsOf(page), await drawing.getAttribute('aria-label')]
    expect(words).toMatch(/^Throughput\. The last 5 minutes\. Requests\/s: now \d/)
    await eventually(async () => (await pixelsOf(page)) !== pixels, 'the drawing changes')
    await eventually(
      async () => (await drawing.getAttribute('aria-label')) !== words,
      'the text of the drawing changes',
    )
    await eventually(
      async () => /^\d[\d.]* m?s/.test((await figure(page, 'First token')) ?? ''),
      'first tokens are measured',
    )

    await page.getByRole('button', { name: '1 min', exact: true }).click()
    expect(await drawing.getAttribute('aria-label')).toContain('The last 1 minute.')
    expect(await page.evaluate('JSON.stringify(localStorage)')).toContain('60')

    await page.getByRole('button', { name: 'Table of Throughput' }).click()
    const table = page.getByRole('region', { name: 'Table of Throughput' })
    expect(await table.locator('tbody tr').count()).toBeGreaterThan(0)
    expect(asked.some((address) => address.endsWith('/dashboard/feed'))).toBe(true)
    expectQuiet(watched)
  })

  test('a stream is seen, opened and ended; its client is told', async () => {
    const chat = await sendChat(program.url, targets.steady)
    await using watched = await open('streams')
    const { page } = watched
    const row = page.locator('tbody tr', { hasText: chat.requestId })
    await row.waitFor()
    await row.getByText('streaming').first().waitFor({ state: 'attached' })
    expect(await row.innerText()).toContain('<img src=x onerror=alert(1)>')
    expect(await row.locator('img').count()).toBe(0)
    await row.getByRole('link').click()
    const details = page.getByRole('dialog')
    expect(await details.innerText()).toContain('Waited for its turn')
    expect(await seriousFaults(page)).toEqual([])
    await keepScreenshot(page, 'stream-details')
    await page.keyboard.press('Escape')
    await details.waitFor({ state: 'hidden' })

    await row.getByRole('button', { name: 'End' }).click()
    const question = page.getByRole('dialog', { name: 'End this stream?' })
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel')
    await question.getByRole('button', { name: 'End the stream' }).click()
    await page.getByText(`The stream ${chat.requestId} was ended.`).waitFor()
    const text = await chat.text
    expect(text).toContain('"error":')
    expect(text).not.toContain('[DONE]')
    await row.waitFor({ state: 'detached' })
    await eventually(
      async () => (await page.evaluate('document.activeElement.className')) === 'table-room',
      'the focus stays at the table',
    )
    expectQuiet(watched)
  })

  test('a breaker is opened by hand and left to the program again', async () => {
    const target = targets.chosen
    const answering = async (): Promise<string> => (await sendChat(program.url, pairedRoute)).model
    const usual = await answering()
    expect(target).toContain(usual)
    await using watched = await open('providers')
    const { page } = watched
    const choice = page.getByRole('group', { name: `Breaker of ${target}` })
    await choice.getByRole('button', { name: 'Open' }).click()
    const question = page.getByRole('dialog', { name: 'Take this target out of use?' })
    await question.getByRole('button', { name: 'Open the breaker' }).click()
    await page.getByText(`${target} is out of use.`).waitFor()
    await eventually(async () => targets.spare.includes(await answering()), 'the other answers')
    const row = page.locator('tbody tr', { has: choice })
    await row.getByText('by hand').first().waitFor({ state: 'attached' })
    expect(await row.innerText()).toContain('open')
    await choice.getByRole('button', { name: 'Auto' }).click()
    await page.getByText(`${target} is left to the program again.`).waitFor()
    await eventually(async () => (await answering()) === usual, 'it answers again')
    expectQuiet(watched)
  })

  test('what failed is listed with each attempt, and can be narrowed down', async () => {
    const chat = await sendChat(program.url, doomedRoute)
    await chat.text
    await using watched = await open('errors')
    const { page } = watched
    const entry = page.locator('.error-row', { hasText: chat.requestId })
    await entry.waitFor()
    const attempts = await entry.getByRole('listitem').allTextContents()
    expect(attempts.at(-1)).toMatch(/^demo\/breaking\?.*answered, then upstream reset, waited for/)
    expect(await entry.locator('.timeline-track .span').count()).toBeGreaterThan(1)
    await entry.getByRole('link').click()
    const details = page.getByRole('dialog')
    await details.getByText('As text').click()
    expect(await details.innerText()).toContain('answered from')
    expect(await seriousFaults(page)).toEqual([])
    await keepScreenshot(page, 'error-details')
    await page.keyboard.press('Escape')
    await page.getByRole('searchbox').fill(chat.requestId)
    await page.getByText(/^1 of \d+ errors$/).waitFor()
    await page.getByLabel('Reason').selectOption('upstream_reset')
    expect(await page.locator('.error-row').count()).toBe(1)
    expectQuiet(watched)
  })

  test('an alert is told in the title, over the figures and in its view', async () => {
    await (await sendChat(program.url, doomedRoute)).text
    await using watched = await open('overview')
    const { page } = watched
    const strip = page.getByRole('list', { name: 'Alerts' })
    await strip.getByRole('link', { name: alertRule }).click()
    await page.getByRole('heading', { level: 2, name: alertRule }).waitFor()
    expect(await page.locator('.alert-firing').count()).toBe(1)
    expect(await page.title()).toBe('(1) Alerts · sluice')
    await page.getByRole('button', { name: `Silence 1 h ${alertRule}` }).click()
    await page.getByText(`${alertRule} is silent for an hour.`).waitFor()
    await page.getByRole('button', { name: `Tell again ${alertRule}` }).click()
    await page.getByText(`${alertRule} is told again.`).waitFor()
    const rule = page.locator('tbody tr', { hasText: alertRule })
    expect(await rule.innerText()).toContain('0.1 %')
    expectQuiet(watched)
  })

  for (const [colorScheme, width, height] of [
    ['light', 360, 740],
    ['dark', 1920, 1080],
  ] as const) {
    test(`every view fits ${width} pixels, and is for everybody, in ${colorScheme}`, async () => {
      const viewport = { width: 1280, height: 800 }
      await using watched = await open('overview', { colorScheme, viewport })
      const { page } = watched
      await page.locator('canvas').first().waitFor()
      for (const view of views) {
        await show(page, view)
        await keepScreenshot(page, `${view}-${colorScheme}`)
        await page.setViewportSize({ width, height })
        await expectNoSidewaysScroll(page)
        await keepScreenshot(page, `${view}-${width}`, width < 1000)
        expect([view, ...(await seriousFaults(page))]).toEqual([view])
        await page.setViewportSize(viewport)
      }
      expectQuiet(watched)
    })
  }

  test('all of it can be reached by keyboard', async () => {
    await using watched = await open('overview')
    const { page } = watched
    await page.locator('canvas').first().waitFor()
    await page.keyboard.press('2')
    await page.getByRole('heading', { level: 1, name: 'Streams' }).waitFor()
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
    await page.keyboard.press('/')
    await page.keyboard.type('1?p')
    expect(await page.getByRole('searchbox').inputValue()).toBe('1?p')
    await page.keyboard.press('Tab')
    await page.locator('h1').focus()
    await page.keyboard.press('?')
    const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await list.waitFor()
    await page.keyboard.press('3')
    expect(await page.title()).toContain('Streams')
    await page.keyboard.press('Escape')
    await list.waitFor({ state: 'hidden' })

    await page.keyboard.press('p')
    await page.getByRole('status').getByText('Paused').waitFor()
    await page.keyboard.press('p')
    await page.getByRole('status').getByText('Live').waitFor()
    await page.keyboard.press('t')
    await page.keyboard.press('t')
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    await page.reload()
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    expectQuiet(watched)
  })
})

/** A frame comes each second, and the machine may be busy. */
const eventually = (condition: () => Promise<boolean>, what: string): Promise<void> =>
  eventuallyWithin(condition, what, 20_000)

/** The big figure of a name. */
function figure(page: Page, name: string): Promise<string | null> {
  return page.locator(`[data-figure="${name}"] .value`).textContent()
}

/** What is drawn, as a text that differs when the drawing does. */
function pixelsOf(page: Page): Promise<string> {
  return page.evaluate("document.querySelector('[data-chart=throughput] canvas').toDataURL()")
}

/** Goes to a view and waits for it. */
async function show(page: Page, view: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${view}'`)
  await page.locator(`nav a[href="#/${view}"][aria-current=page]`).waitFor()
}

/** Who may look at the dashboard, and what it shows while its server is away. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import {
  describeInBrowser,
  expectQuiet,
  keepScreenshot,
  launchBrowser,
  openPage,
  seriousFaults,
} from '../kit/browser.ts'
import { sendChat, startDashboard, targets } from './stand.ts'

setDefaultTimeout(60_000)

const token = 'a-token-of-the-operator-1'
const key = 'sk-a-key-of-a-client-of-the-tests'

describeInBrowser('the session of the dashboard', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
  })

  test('with ADMIN_TOKEN nothing is shown before it was given', async () => {
    const program = await startDashboard(
      { ADMIN_TOKEN: token, LEDGER: 'on', CLIENT_KEY: key },
      { keys: [{ name: 'team-a', key: 'env:CLIENT_KEY', budget: { daily: 25 } }] },
    )
    const chat = await sendChat(program.url, targets.steady, { key })
    await using watched = await openPage(browser, new URL(`${program.url}/dashboard#/streams`))
    const { page, complaints, asked } = watched
    const field = page.getByLabel('Admin token')
    await field.waitFor()
    expect(asked.filter((address) => address.endsWith('/feed'))).toEqual([])
    expect(await page.content()).not.toContain(chat.requestId)
    expect(await seriousFaults(page)).toEqual([])
    await keepScreenshot(page, 'login')

    await field.fill('another token')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('This is not the admin token.').waitFor()
    expect(asked.filter((address) => address.endsWith('/feed'))).toEqual([])
    // The browser itself complains of the answer's status.
    expect(complaints.splice(0)).toHaveLength(1)

    await field.fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    const row = page.locator('tbody tr', { hasText: chat.requestId })
    await row.waitFor()
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, document.cookie])')
    expect(kept).not.toContain(token)

    await row.getByRole('button', { name: 'End' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End the stream' }).click()
    await page.getByText(`The stream ${chat.requestId} was ended.`).waitFor()
    expect(await chat.text).toContain('"error":')

    await page.getByRole('link', { name: 'Keys & spend' }).click()
    const used = page.locator('tbody tr', { hasText: 'team-a' })
    await used.waitFor()
    expect(await used.innerText()).toContain('$25.00')
    expect(await page.content()).not.toContain(key)
    expect(await seriousFaults(page)).toEqual([])
    await keepScreenshot(page, 'keys-used')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await field.waitFor()
    await page.reload()
    await field.waitFor()
    expectQuiet(watched)
    await program.stop()
  })

  test('while the server is away what is shown is old; then it goes on by itself', async () => {
    const first = await startDashboard()
    const port = new URL(first.url).port
    await using watched = await openPage(browser, new URL(`${first.url}/dashboard`))
    const { page, foreign } = watched
    const status = page.getByRole('status')
    await status.getByText('Live').waitFor()
    await first.stop()
    await status.getByText('Not connected').waitFor()
    expect(await page.locator('.page.is-old').count()).toBe(1)
    expect(await page.locator('.connection .detail').innerText()).toMatch(/as of \d+ s ago/)
    expect(await page.locator('canvas').count()).toBeGreaterThan(0)
    await keepScreenshot(page, 'not-connected')
    const second = await startDashboard({ PORT: port })
    await status.getByText('Live').waitFor()
    expect(await page.locator('.page.is-old').count()).toBe(0)
    expect(foreign).toEqual([])
    await second.stop()
  })
})

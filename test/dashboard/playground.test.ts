/** The playground in a real browser, on the executable. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { Browser, Locator, Page } from 'playwright-core'
import { chatEvents, eventText, sendJson } from '../kit/answers.ts'
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
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import { startDashboard } from './stand.ts'

setDefaultTimeout(60_000)

const clientKey = 'sk-client-0123456789abcdef'

describeInBrowser('the playground', () => {
  let browser: Browser
  let program: Program
  let upstream: Upstream

  beforeAll(async () => {
    upstream = startUpstream(async (request, connection) => {
      if (request.method !== 'POST') return await sendJson(connection, 404, {})
      await connection.head(200, { 'content-type': 'text/event-stream' })
      for (const event of thinkingAnswer) await connection.chunk(eventText(event))
      await connection.end()
    })
    const provider = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${upstream.url}/v1` }
    program = await startDashboard({ ...provider, API_KEYS: clientKey })
    browser = await launchBrowser()
  }, 180_000)

  afterAll(async () => {
    await browser?.close()
    await program?.stop()
    upstream?.stop()
  })

  /** The playground with a key, and a model that the test names. */
  async function open(model: string, look: Parameters<typeof openPage>[2] = {}) {
    const watched = await openPage(browser, new URL(`${program.url}/dashboard#/playground`), look)
    const { page } = watched
    await page.getByText('The server wants an API key.').waitFor()
    await page.getByLabel('API key').fill(clientKey)
    await page.getByText('kept in this page until it is closed').waitFor()
    expect(await page.getByLabel('Model').getAttribute('placeholder')).toBe('demo/stream')
    await page.getByLabel('Model').fill(model)
    // The refusal without a key is what the browser itself complains about.
    const unknown = watched.complaints.filter((text) => !text.includes('401'))
    watched.complaints.splice(0, watched.complaints.length, ...unknown)
    return watched
  }

  const send = async (page: Page, question: string, key = 'Enter'): Promise<void> => {
    await page.getByLabel('Question').fill(question)
    await page.getByLabel('Question').press(key)
  }

  const newest = (page: Page): Locator => page.locator('.turn-answer').last()
  const textOf = (page: Page): Promise<string> =>
    newest(page).locator('.answer-text').innerText({ timeout: 10_000 })
  const over = (page: Page): Promise<void> =>
    eventually(
      async () => (await newest(page).getAttribute('aria-busy')) === 'false',
      'the end of the answer',
      20_000,
    )
  const figure = (page: Page, name: string): Promise<string> =>
    page.locator(`[data-figure="${name}"] .value`).innerText()

  /** What the program says to the same question, not streamed. */
  async function wholeAnswer(model: string, content: string): Promise<string> {
    const response = await fetch(`${program.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${clientKey}` },
      body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
    })
    const body: unknown = await response.json()
    const said = body as { choices: { message: { content: string } }[] }
    return said.choices[0]?.message.content ?? ''
  }

  test('streams an answer, goes on after the connection was dropped, loses nothing', async () => {
    const model = 'demo/stream?tokens=300'
    const question = 'What does a lock keeper do?'
    await using watched = await open(`${model}&tokensPerSecond=75`)
    const { page, asked } = watched
    await send(page, question)
    const first = await textOf(page)
    await eventually(async () => (await textOf(page)).length > first.length, 'more of it')
    await page.getByRole('button', { name: 'Drop the connection' }).click()
    await newest(page).getByText('resumed 1 ×').waitFor()
    await page.getByRole('button', { name: 'Drop the connection' }).click()
    await newest(page).getByText('resumed 2 ×').waitFor()
    await keepScreenshot(page, 'playground-streaming')
    await over(page)
    expect(await textOf(page)).toBe(await wholeAnswer(`${model}&tokensPerSecond=0`, question))
    expect(await figure(page, 'First token')).toMatch(/^\d[\d.]* m?s$/)
    expect(await figure(page, 'Tokens/s')).toMatch(/^\d/)
    expect(await figure(page, 'Gap p50')).toMatch(/^\d[\d.]* ms$/)
    expect(await figure(page, 'Resumed')).toBe('2 ×')
    expect(await page.locator('.gap-strip path').getAttribute('d')).toContain('M')
    expect(asked.filter((address) => address.includes('/v1/streams/strm_'))).toHaveLength(2)
    expect(await page.locator('[aria-live=polite].unseen').innerText()).toStartWith('The answer: ')
    expectQuiet(watched)
  })

  test('stops, and the program has nothing left to do; the conversation goes on', async () => {
    await using watched = await open('demo/stream?tokens=100000&tokensPerSecond=100')
    const { page } = watched
    await send(page, 'Tell me of rivers.', 'Control+Enter')
    await textOf(page)
    await page.keyboard.press('Escape')
    await newest(page).getByText('stopped', { exact: true }).waitFor()
    const said = await textOf(page)
    expect(said.length).toBeGreaterThan(0)
    const live = async (): Promise<string> => (await fetch(`${program.url}/api/streams`)).text()
    await eventually(async () => !(await live()).includes('demo'), 'the stream to end')
    expect(await textOf(page)).toBe(said)

    await page.getByLabel('Model').fill('demo/stream?tokens=5')
    await send(page, 'And of seas?')
    await over(page)
    expect(await page.locator('.turn').count()).toBe(2)
    await page.getByRole('link', { name: 'Streams' }).first().click()
    await page.getByRole('link', { name: 'Playground' }).first().click()
    await page.locator('.turn').nth(1).waitFor()
    expect(await page.locator('.turn').count()).toBe(2)
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByText('Nothing was asked yet.').waitFor()
    expectQuiet(watched)
  })

  test('tells a failure as it is, and asks again', async () => {
    await using watched = await open('demo/stream?tokens=60&fail=reset@20')
    const { page } = watched
    await send(page, 'What breaks?')
    const failure = newest(page).getByRole('alert')
    await failure.waitFor()
    expect(await failure.innerText()).toMatch(
      /^The answer broke off\. .*\s+upstream_reset · status 502 · req_\w+ · may work another time$/,
    )
    expect(await textOf(page)).not.toBe('')
    await page.getByLabel('Model').fill('demo/stream?tokens=12')
    await page.getByRole('button', { name: 'Ask again' }).click()
    expect(await page.evaluate('document.activeElement.id')).toBe('playground-question')
    await failure.waitFor({ state: 'detached' })
    await over(page)
    expect(await page.locator('.turn').count()).toBe(1)
    expectQuiet(watched)
  })

  test('shows reasoning and tool calls apart, on a phone too, in the dark', async () => {
    const look = { colorScheme: 'dark', viewport: { width: 360, height: 740 } } as const
    await using watched = await open('openai/gpt-test', look)
    const { page } = watched
    await page.getByLabel('Other parameters').fill('{ "tools": [')
    await page.getByText('This is no JSON object yet.').waitFor()
    await page.getByLabel('Other parameters').fill('{ "tools": [], "seed": 7 }')
    await send(page, 'What is the weather?')
    await over(page)
    await newest(page).getByText('Reasoning').click()
    expect(await newest(page).locator('.reasoning p').innerText()).toBe('I should look.')
    expect(await newest(page).locator('.tool-call').innerText()).toMatch(
      /^Tool call weather\s+\{"city":"Ulm"\}$/,
    )
    await newest(page).getByText('tool calls').waitFor()
    const asked = upstream.requests.filter(({ method }) => method === 'POST')
    expect(await asked[0]?.json()).toMatchObject({ model: 'gpt-test', stream: true, seed: 7 })
    await expectNoSidewaysScroll(page)
    expect(await seriousFaults(page)).toEqual([])
    await keepScreenshot(page, 'playground-phone', true)
    expectQuiet(watched)
  })
})

/** A short reasoning, and a call whose arguments come in pieces. */
const thinkingAnswer: readonly string[] = (() => {
  const delta = (said: object, finish: string | null = null): string =>
    JSON.stringify({
      ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-test' },
      choices: [{ index: 0, delta: said, finish_reason: finish }],
    })
  const call = (said: object, more: object = {}): string =>
    delta({ tool_calls: [{ index: 0, ...more, function: said }] })
  return [
    delta({ role: 'assistant', reasoning_content: 'I should ' }),
    delta({ reasoning_content: 'look.' }),
    call({ name: 'weather', arguments: '' }, { id: 'call_1', type: 'function' }),
    call({ arguments: '{"city":' }),
    call({ arguments: '"Ulm"}' }),
    delta({}, 'tool_calls'),
    ...chatEvents([]).slice(-1),
    '[DONE]',
  ]
})()

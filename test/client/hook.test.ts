/** The React hook in a real browser, through the program, with a scripted provider. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { endStands, type Stand, startStand } from '../behaviour/client-stand.ts'
import { chatEvents, eventText } from '../kit/answers.ts'
import { describeInBrowser, launchBrowser } from '../kit/browser.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import type { TestPage } from './page/page.tsx'
import { openStream } from './reading.ts'

/** For what is evaluated in the page. */
declare const page: TestPage

/** How late something may be on a machine that does other things too. */
const promptlyMs = 1000

const tokens = Array.from({ length: 10_000 }, (_, index) => `t${index} `)

describeInBrowser('the hook', () => {
  let browser: Browser
  let site: ReturnType<typeof Bun.serve>

  beforeAll(async () => {
    const built = await Bun.build({
      entrypoints: [join(import.meta.dir, 'page', 'page.tsx')],
      target: 'browser',
      define: { 'process.env.NODE_ENV': '"development"' },
    })
    const script = await built.outputs[0]?.text()
    const html =
      '<!doctype html><title>Test</title><link rel=icon href=data:,>' +
      '<body><script src="/page.js"></script>'
    site = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      routes: {
        '/': () => new Response(html, { headers: { 'content-type': 'text/html' } }),
        '/page.js': () => new Response(script, { headers: { 'content-type': 'text/javascript' } }),
      },
    })
    browser = await launchBrowser()
  }, 60_000)

  afterEach(endStands)

  afterAll(async () => {
    await browser?.close()
    await site?.stop(true)
  })

  /** A page whose origin the program lets in. `before` runs in it before any script. */
  async function open(script: UpstreamScript, before = '') {
    const stand = await startStand(script, {
      ...{ CORS_ORIGINS: site.url.origin, STREAM_RESUME_KEEP_MS: '1200' },
    })
    const tab = await browser.newPage()
    const complaints: string[] = []
    tab.on('pageerror', (error) => complaints.push(error.message))
    tab.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    if (before !== '') await tab.addInitScript({ content: before })
    await tab.goto(site.url.href)
    await eventually(() => tab.evaluate(() => page.latest !== null), 'the hook')
    return { stand, tab, complaints, [Symbol.asyncDispose]: () => tab.close() }
  }

  const ask = (tab: Page, stand: Stand): Promise<void> =>
    tab.evaluate((url) => page.ask(url), new URL('/v1/chat/completions', stand.url).href)

  const ended = (tab: Page): Promise<void> =>
    eventually(
      () => tab.evaluate(() => page.commits.length > 3 && page.latest?.isStreaming === false),
      'the end',
      20_000,
    )

  /** What the page shows, and when it was rendered. */
  const look = (tab: Page) =>
    tab.evaluate(() => ({
      shown: document.querySelector('output')?.textContent ?? '',
      commits: page.commits,
      arrivals: page.arrivals,
      starts: page.starts.size,
      error: page.latest?.error?.code ?? null,
      metadata: page.latest?.metadata ?? null,
    }))

  /** Sends the tokens, 20 every 5 ms: thousands a second. */
  const floods: UpstreamScript = async (_, connection) => {
    await openStream(connection)
    const events = chatEvents(tokens).map(eventText)
    for (let at = 0; at < events.length; at += 20) {
      await connection.chunk(events.slice(at, at + 20).join(''))
      await Bun.sleep(5)
    }
    await connection.chunk(eventText('[DONE]'))
    await connection.end()
  }

  test('renders 10,000 tokens 60 times a second at most, and loses none', async () => {
    await using opened = await open(floods)
    const { tab, stand, complaints } = opened
    await ask(tab, stand)
    await ended(tab)
    const { shown, commits, starts, error, metadata } = await look(tab)
    expect(error).toBeNull()
    expect(shown === tokens.join('')).toBe(true)
    expect(metadata).toMatchObject({
      finishReason: 'stop',
      provider: 'openai',
      model: 'test-model',
    })
    expect(metadata?.metrics?.contentEvents).toBe(10_000)
    const streaming = commits.filter(({ isStreaming }) => isStreaming)
    const seconds = ((streaming.at(-1)?.atMs ?? 0) - (streaming[0]?.atMs ?? 0)) / 1000
    expect(seconds).toBeGreaterThan(1)
    // The start is a commit too, and not a frame; so is the end.
    expect(streaming.length - 1).toBeLessThanOrEqual(60 * seconds + 2)
    expect(streaming.length).toBeGreaterThan(10 * seconds)
    expect(starts).toBe(1)
    expect(complaints).toEqual([])
  }, 30_000)

  /** One token after the other, so slowly that each could be rendered on its own. */
  const drips: UpstreamScript = async (_, connection) => {
    await openStream(connection)
    for (const data of chatEvents(tokens.slice(0, 12))) {
      await connection.chunk(eventText(data))
      await Bun.sleep(40)
    }
    await connection.chunk(eventText('[DONE]'))
    await connection.end()
  }

  const noFrames = 'window.requestAnimationFrame = () => 1'
  const hidden = `${noFrames}; Object.defineProperty(document, 'hidden', { value: true })`
  for (const [name, before] of [
    ['in sight', ''],
    ['hidden', hidden],
    ['covered by another window, so that no frames come', noFrames],
  ] as const) {
    test(`shows each token when it comes, ${name}`, async () => {
      await using opened = await open(drips, before)
      const { tab, stand, complaints } = opened
      await ask(tab, stand)
      await ended(tab)
      const { shown, commits, arrivals } = await look(tab)
      expect(shown).toBe(tokens.slice(0, 12).join(''))
      const lastArrivalMs = arrivals.at(-1)?.atMs ?? 0
      // It did not wait for the end.
      const lengths = new Set(commits.map(({ contentLength }) => contentLength))
      expect(lengths.size).toBeGreaterThan(3)
      const full = commits.find(({ contentLength }) => contentLength === shown.length)
      const lastToken = arrivals.find(({ text }) => text.includes('"t11 "'))
      expect((full?.atMs ?? 0) - (lastToken?.atMs ?? 0)).toBeLessThan(promptlyMs / 2)
      expect((commits.at(-1)?.atMs ?? 0) - lastArrivalMs).toBeLessThan(promptlyMs / 2)
      expect(complaints).toEqual([])
    }, 20_000)
  }

  /** Says something, and then nothing more. */
  const begins: UpstreamScript = async (_, connection) => {
    await openStream(connection)
    for (const data of chatEvents(['Hel', 'lo', '.']).slice(0, 3)) {
      await connection.chunk(eventText(data))
    }
    await connection.closed
  }

  const shows = (tab: Page, text: string): Promise<void> =>
    eventually(async () => (await look(tab)).shown === text, `it shows ${text}`)

  test('cancels the provider when its component goes', async () => {
    await using opened = await open(begins)
    const { tab, stand, complaints } = opened
    await ask(tab, stand)
    await shows(tab, 'Hello')
    const before = (await look(tab)).commits.length
    const leftAtMs = performance.now()
    await tab.evaluate(() => page.unmount())
    const closedAtMs = await (await stand.upstream.connection(0)).closed
    expect(closedAtMs - leftAtMs).toBeLessThan(promptlyMs)
    expect((await stand.record(0)).endReason).toBe('client_gone')
    expect(await tab.evaluate(() => page.commits.length)).toBe(before)
    expect(complaints).toEqual([])
  }, 20_000)

  test('cancels it too where the program would have kept the stream', async () => {
    await using opened = await open(begins)
    const { tab, stand, complaints } = opened
    const url = new URL('/v1/chat/completions', stand.url).href
    await tab.evaluate((address) => page.ask(address, { resume: true }), url)
    await shows(tab, 'Hello')
    const leftAtMs = performance.now()
    await tab.evaluate(() => page.unmount())
    const closedAtMs = await (await stand.upstream.connection(0)).closed
    expect(closedAtMs - leftAtMs).toBeLessThan(promptlyMs)
    expect(complaints).toEqual([])
  }, 20_000)

  test('stops and keeps what is there; another start ends the one before', async () => {
    await using opened = await open(begins)
    const { tab, stand, complaints } = opened
    await ask(tab, stand)
    await shows(tab, 'Hello')
    await ask(tab, stand)
    await (await stand.upstream.connection(0)).closed
    await stand.upstream.request(1)
    await shows(tab, 'Hello')
    await tab.evaluate(() => page.latest?.stop())
    await (await stand.upstream.connection(1)).closed
    await eventually(() => tab.evaluate(() => page.latest?.isStreaming === false), 'the stop')
    const { shown, error } = await look(tab)
    expect([shown, error]).toEqual(['Hello', null])
    expect(complaints).toEqual([])
  }, 20_000)

  test('goes on over another connection, and what fails is in `error`', async () => {
    const goOn = Promise.withResolvers<void>()
    await using opened = await open(async (_, connection) => {
      await openStream(connection)
      const [role = '', first = '', second = ''] = chatEvents(['Hel', 'lo']).map(eventText)
      await connection.chunk(role + first)
      await goOn.promise
      await connection.chunk(second)
      await connection.chunk('data: {"error":{"message":"x","type":"server_error"}}\n\n')
      await connection.end()
    })
    const { tab, stand } = opened
    const url = new URL('/v1/chat/completions', stand.url).href
    await tab.evaluate((address) => page.ask(address, { resume: true }), url)
    await shows(tab, 'Hel')
    await tab.evaluate(() => page.latest?.reconnect())
    goOn.resolve()
    await ended(tab)
    const { shown, error, metadata } = await look(tab)
    expect([shown, error]).toEqual(['Hello', 'server_error'])
    expect(metadata).toMatchObject({ resumable: true, finishReason: null, metrics: { resumes: 1 } })
  }, 20_000)
})

/**
 * A real Chromium that reaches the server under test and nothing else, and pages that keep what
 * they asked for and complained about.
 */
import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { rootDirectory } from './binary.ts'

const names = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = names.find((name) => existsSync(name))
const isRequired = process.env.SLUICE_TEST_REQUIRE?.split(',').includes('chromium') ?? false

/** What keeps the browser itself from calling home, and lets it run as root without a screen. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

/** Where screenshots go, for who wants to look; not kept in the repository. */
const screenshotDirectory = join(rootDirectory, 'dist', 'screenshots')

/** Defines tests that need a browser; where there is none they are skipped by name. */
export function describeInBrowser(name: string, define: () => void): void {
  if (executablePath === undefined && !isRequired) {
    test.skip(`${name} (no chromium here)`, () => {})
  } else {
    describe(name, define)
  }
}

/** Starts the browser. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath ?? names[0] ?? '', args })
}

/** How a page is looked at. */
export interface Look {
  readonly colorScheme?: 'light' | 'dark'
  readonly viewport?: { readonly width: number; readonly height: number }
}

/** A page and what became of it. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors and warnings of the console, exceptions, and requests that failed. */
  readonly complaints: string[]
  /** Addresses elsewhere that the page wanted; none of them was reached. */
  readonly foreign: string[]
  /** Addresses of the server that the page asked for, sockets too. */
  readonly asked: string[]
}

/** Opens an address. Requests to any other origin are refused and kept. */
export async function openPage(browser: Browser, url: URL, look: Look = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...look })
  const page = await context.newPage()
  const [complaints, foreign, asked]: [string[], string[], string[]] = [[], [], []]
  const isOwn = (address: string): boolean => new URL(address).host === url.host
  await context.route('**/*', (route) => {
    const address = route.request().url()
    if (isOwn(address)) return route.continue()
    foreign.push(address)
    return route.abort()
  })
  page.on('request', (request) => asked.push(request.url()))
  page.on('websocket', (socket) => {
    if (isOwn(socket.url())) asked.push(socket.url())
    else foreign.push(socket.url())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    const type = message.type()
    if (type === 'error' || type === 'warning') complaints.push(`${type}: ${message.text()}`)
  })
  await page.goto(url.href)
  return {
    ...{ page, context, complaints, foreign, asked },
    [Symbol.asyncDispose]: () => context.close(),
  }
}

/** Keeps what a page looks like now. */
export async function keepScreenshot(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(screenshotDirectory, { recursive: true })
  await page.screenshot({ path: join(screenshotDirectory, `${name}.png`), fullPage })
}

/** The parts of axe's report that are looked at. */
interface AxeReport {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string | null
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
  }[]
}

/** What axe finds to be a serious or critical fault, each with the first element that has it. */
export async function seriousFaults(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source)
  const options = JSON.stringify({ resultTypes: ['violations'] })
  const report = await page.evaluate<AxeReport>(`axe.run(document, ${options})`)
  return report.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
}

/** The page is not wider than the screen. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const excess = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
  expect(await page.evaluate(excess)).toBe(0)
}

/** The page was quiet, and asked nobody but its server. */
export function expectQuiet({ complaints, foreign, asked }: WatchedPage): void {
  expect(complaints).toEqual([])
  expect(foreign).toEqual([])
  expect(asked.length).toBeGreaterThan(0)
}

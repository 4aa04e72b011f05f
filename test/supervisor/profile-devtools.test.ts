/**
 * What SIGUSR2 writes is opened by the very code of Chrome's developer tools, which a Chromium has
 * in it. Where that has moved in a Chromium to come, the shape alone is checked, and it says so.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { describeInBrowser, launchBrowser } from '../kit/browser.ts'
import { readCpuProfile, readHeapSnapshot } from '../kit/profile-files.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'

setDefaultTimeout(60_000)

/** The parts of the developer tools that are used here, by what they export. */
interface CpuModel {
  readonly CPUProfileDataModel: {
    readonly CPUProfileDataModel: new (
      profile: unknown,
    ) => {
      readonly samples: readonly number[]
      readonly idleNode?: { readonly functionName: string }
    }
  }
}
interface HeapModel {
  readonly HeapSnapshotLoader: {
    readonly HeapSnapshotLoader: new (dispatcher: {
      sendEvent(): void
    }) => {
      write(text: string): void
      close(): void
      buildSnapshot(port: MessagePort): Promise<{ nodeCount: number; totalSize: number }>
    }
  }
  /** Older ones did without. */
  readonly HeapSnapshot: { readonly SecondaryInitManager?: new (port: MessagePort) => object }
}

describeInBrowser('the developer tools open', () => {
  const directory = mkdtempSync(join(runDirectory(), 'devtools-'))
  const written = (ending: string): string =>
    join(directory, readdirSync(directory).find((name) => name.endsWith(ending)) ?? 'none')
  let program: Program
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    program = await startBinary({ PROFILE_DIR: directory, PROFILE_SECONDS: '1' })
    program.signal('SIGUSR2')
    await program.untilLog(/heap snapshot written/, 30_000)
    await program.stop()
    browser = await launchBrowser()
    page = await browser.newPage()
    await page.goto('devtools://devtools/bundled/js_app.html')
  }, 150_000)

  afterAll(async () => {
    program?.kill()
    await browser?.close()
  })

  test('the CPU profile', async () => {
    const { samples } = readCpuProfile(written('.cpuprofile'))
    const opened = await page.evaluate(
      async (text) => {
        const path = './models/cpu_profile/cpu_profile.js'
        const model = (await import(path).catch(() => null)) as CpuModel | null
        if (model === null) return null
        const opened = new model.CPUProfileDataModel.CPUProfileDataModel(JSON.parse(text))
        return { samples: opened.samples.length, idle: opened.idleNode?.functionName }
      },
      readFileSync(written('.cpuprofile'), 'utf8'),
    )
    if (opened === null) console.warn('The developer tools have their profiles elsewhere.')
    else expect(opened).toEqual({ samples: samples.length, idle: '(idle)' })
  })

  test('the heap snapshot', async () => {
    const strings = readHeapSnapshot(written('.heapsnapshot'))
    const opened = await page.evaluate(
      async (text) => {
        const path = './entrypoints/heap_snapshot_worker/heap_snapshot_worker.js'
        const model = (await import(path).catch(() => null)) as HeapModel | null
        if (model === null) return null
        const loader = new model.HeapSnapshotLoader.HeapSnapshotLoader({ sendEvent() {} })
        loader.write(text)
        loader.close()
        const { port1, port2 } = new MessageChannel()
        const { SecondaryInitManager } = model.HeapSnapshot
        if (SecondaryInitManager !== undefined) new SecondaryInitManager(port2)
        const { nodeCount, totalSize } = await loader.buildSnapshot(port1)
        return { nodeCount, totalSize }
      },
      readFileSync(written('.heapsnapshot'), 'utf8'),
    )
    if (opened === null) console.warn('The developer tools have their snapshots elsewhere.')
    else expect(opened.nodeCount).toBeGreaterThan(strings.length)
    expect(opened?.totalSize ?? 1_000_000).toBeGreaterThan(100_000)
  })
})

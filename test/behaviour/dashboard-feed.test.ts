/** What the dashboard is told of real requests: under way, ended, failed, and of whom. */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DashboardFrame } from '../../src/observe/dashboard/frame.ts'
import { eventText, json } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { isAlive } from '../kit/processes.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { Watching } from '../server/feed-stand.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'
import { endWorkerStands, startWorkers } from './worker-stand.ts'

setDefaultTimeout(60_000)
afterEach(async () => {
  await endStands()
  await endWorkerStands()
})

const authorization = 'Bearer token-of-the-operator'

/** Keys and prices by which a token of the provider is a dollar. */
function environment(): Record<string, string> {
  const directory = mkdtempSync(join(runDirectory(), 'dashboard-'))
  const file = join(directory, 'config.json')
  const keys = [{ name: 'team-a', key: 'env:TEAM_A', budget: { daily: 100_000 } }]
  const prices = { 'openai/*': { input: 1_000_000, output: 1_000_000 } }
  writeFileSync(file, JSON.stringify({ keys, prices }))
  return {
    ...{ CONFIG_FILE: file, TEAM_A: 'secret-of-team-a', ADMIN_TOKEN: 'token-of-the-operator' },
    ...{ LEDGER: 'on', DATABASE_URL: join(directory, 'sluice.db') },
  }
}

const delta = (content: string, rest: object = {}): string =>
  eventText(
    JSON.stringify({
      ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-test' },
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
      ...rest,
    }),
  )

const end =
  delta('', {
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  }) + eventText('[DONE]')

/** Begins a stream, and goes on when it is told to. */
function heldStream(): { readonly script: UpstreamScript; release(): void } {
  const released = Promise.withResolvers<void>()
  const script: UpstreamScript = async (request, connection) => {
    if ((await request.text()).includes('"broken"'))
      return json(500, { error: {} })(request, connection)
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk(delta('canary-of-the-answer'))
    await released.promise
    await connection.chunk(end)
    await connection.end()
  }
  return { script, release: () => released.resolve() }
}

const newest = ({ frames }: Watching): DashboardFrame | undefined => frames.at(-1)

/** All that the charts were told of so far; each second comes shortly behind its end. */
const pointsOf = ({ frames }: Watching) => frames.flatMap(({ points }) => points)

/** The requests that the charts have. */
const charted = (watching: Watching): number =>
  pointsOf(watching).reduce((sum, { requests }) => sum + requests, 0)

test('a stream while it runs, and what it was when it has ended', async () => {
  const { script, release } = heldStream()
  const stand = await startStand(script, environment())
  const watching = new Watching(stand.url, { authorization })
  await watching.untilFrames(1)
  expect(newest(watching)).toMatchObject({ workers: 1, liveCount: 0, keysHidden: null, alerts: [] })

  const body = { ...chatRequest, messages: [{ role: 'user', content: 'canary-of-the-prompt' }] }
  const headers = { authorization: 'Bearer secret-of-team-a' }
  const { response } = await stand.ask(jsonRequest('/v1/chat/completions', body, headers))
  await response.until(({ bodyBytes }) => bodyBytes > 0, 'the first bytes')
  const isStreaming = (): boolean => newest(watching)?.streams[0]?.phase === 'streaming'
  await eventually(isStreaming, 'the stream is there')
  expect(newest(watching)?.liveCount).toBe(1)
  const [stream] = newest(watching)?.streams ?? []
  expect(stream).toMatchObject({
    ...{ phase: 'streaming', provider: 'openai', model: 'gpt-test', streaming: true, events: 1 },
    ...{ endpoint: 'chat-completions', attempts: 1 },
  })
  expect(newest(watching)?.providers).toMatchObject([{ name: 'openai', live: 1 }])
  expect(newest(watching)?.gates).toMatchObject([{ name: 'openai', inside: 1, waiting: 0 }])
  const id = stream?.keyId
  // A chart has what was under way at the end of a second, so the stream lasts until one is over.
  await eventually(() => pointsOf(watching).some(({ live }) => live === 1), 'it is in the charts')

  release()
  await response.ended()
  const broken = { ...chatRequest, model: 'openai/broken' }
  await (await stand.ask(jsonRequest('/v1/chat/completions', broken, headers))).response.ended()
  await eventually(() => charted(watching) === 2, 'both have ended')
  const frame = newest(watching)
  expect(frame?.totals).toMatchObject({
    requests: 2,
    streams: 2,
    errors: 1,
    inputTokens: 3,
    outputTokens: 2,
  })
  expect(frame?.totals.costMicroUsd).toBe(5_000_000)
  expect(frame?.errors).toHaveLength(1)
  expect(frame?.errors[0]).toMatchObject({
    ...{ provider: 'openai', status: 500, errorCode: 'upstream_error', keyId: id },
    attempts: [{ target: 'openai/broken', kind: 'first', outcome: 'upstream_error', status: 500 }],
  })
  const points = pointsOf(watching)
  const sum = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((total, point) => total + of(point), 0)
  expect([sum(({ requests }) => requests), sum(({ errors }) => errors)]).toEqual([2, 1])
  expect(sum(({ outputTokens }) => outputTokens)).toBe(2)
  expect(points.some(({ firstContentP50Ms }) => (firstContentP50Ms ?? -1) >= 0)).toBe(true)
  expect(points.at(-1)?.memoryBytes).toBeGreaterThan(10_000_000)
  expect(watching.texts.join('')).not.toMatch(/canary|secret-of|token-of/)
  await watching.close()
})

/** What a page that is just opened is told of keys, after one request. */
async function keysOf(settings: Record<string, string>) {
  const { script, release } = heldStream()
  release()
  const stand = await startStand(script, settings)
  const headers = { authorization: 'Bearer secret-of-team-a' }
  const asked = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest, headers))
  await asked.response.ended()
  await stand.record(0)
  const watching = new Watching(stand.url, { authorization })
  await watching.untilFrames(1)
  await watching.close()
  const { keys, keysHidden } = watching.frames[0] ?? {}
  return { keys, keysHidden }
}

test('what each key spends on this day is told behind ADMIN_TOKEN only', async () => {
  const settings = environment()
  const { keys, keysHidden } = await keysOf(settings)
  expect(keysHidden).toBeNull()
  expect(keys).toEqual([
    {
      ...{ id: expect.stringMatching(/^key_/), name: 'team-a', live: 0, requests: 1 },
      ...{ outputTokens: 2, costMicroUsd: 5_000_000, dailyBudgetMicroUsd: 100_000_000_000 },
    },
  ])
  const { ADMIN_TOKEN: _token, ...open } = environment()
  expect(await keysOf(open)).toEqual({ keys: [], keysHidden: 'no-admin-token' })
  const { LEDGER: _ledger, DATABASE_URL: _database, ...unkept } = environment()
  expect(await keysOf(unkept)).toEqual({ keys: [], keysHidden: 'no-ledger' })
})

test('all workers are one, and a page is sent on by one that leaves', async () => {
  const { script, release } = heldStream()
  release()
  const stand = await startWorkers(script, { WORKERS: '2' })
  const url = new URL(stand.program.url)
  for (let sent = 0; sent < 12; sent++) {
    const response = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
    await response.ended()
  }
  const first = new Watching(url)
  await eventually(() => newest(first)?.totals.requests === 12, 'the sum of both')
  expect(newest(first)).toMatchObject({ workers: 2 })
  await eventually(() => charted(first) === 12, 'all are in the charts')
  const before = stand.program.workerPids()
  stand.program.signal('SIGHUP')
  expect(await first.untilClosed()).toBe(1001)
  await eventually(() => before.every((pid) => !isAlive(pid)), 'the workers are gone', 20_000)
  await eventually(async () => {
    const second = new Watching(url)
    await second.untilFrames(1)
    await second.close()
    return charted(second) === 12 && newest(second)?.workers === 2
  }, 'the charts of the successors')
})

/**
 * Whatever goes right or wrong, nothing of what clients, providers and the configuration said gets
 * into the log, a metric, a trace, an answer to the operator, an alert or the database.
 */
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Collector, startCollector } from '../kit/collector.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import {
  answerTelling,
  behaviourNames,
  canaries,
  canariesIn,
  tellingChat,
  tellingHeaders,
} from './canary-stand.ts'

setDefaultTimeout(60_000)

const directory = mkdtempSync(join(runDirectory(), 'canary-'))
const databaseFile = join(directory, 'ledger.db')
const configFile = join(directory, 'sluice.json')

let upstream: Upstream
let collector: Collector
let webhook: ReturnType<typeof Bun.serve>
let program: Program
/** Everything that an operator could see, with where it was. */
const seen: (readonly [where: string, text: string])[] = []
const told: string[] = []
/** The secret of a key that the program made itself. */
let managedSecret = ''

beforeAll(async () => {
  upstream = startUpstream(answerTelling)
  collector = startCollector()
  webhook = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      told.push(`${JSON.stringify([...request.headers])}\n${await request.text()}`)
      return new Response()
    },
  })
  writeFileSync(configFile, JSON.stringify(configuration(webhook.url.origin)))
  program = await startBinary(environment())
}, 150_000)

afterAll(async () => {
  program?.kill()
  upstream?.stop()
  await webhook?.stop(true)
  await collector?.stop()
})

const configuration = (webhookUrl: string) => ({
  providers: {
    backup: { protocol: 'openai-chat', baseUrl: `${upstream.url}/v1`, apiKey: 'env:BACKUP_KEY' },
  },
  routes: {
    smart: { targets: ['openai/broken', 'backup/success'] },
    recovering: { targets: ['openai/half', 'backup/plain'], midstream: 'recover' },
  },
  alerts: {
    everySeconds: 1,
    webhook: { url: `${webhookUrl}/${canaries.webhookPath}`, secret: 'env:HOOK_SECRET' },
    rules: { errors: { metric: 'errorRate', above: 0.01, forSeconds: 0, minimumRequests: 1 } },
  },
})

const environment = () => ({
  CONFIG_FILE: configFile,
  ...{ LOG_LEVEL: 'debug', LOG_FORMAT: 'json', LOG_SLOW_MS: '1' },
  ...{ DATABASE_URL: databaseFile, LEDGER: 'on', KEY_SECRET: canaries.keySecret },
  ...{ API_KEYS: canaries.clientKey, ADMIN_TOKEN: canaries.adminToken },
  ...{ OPENAI_API_KEY: canaries.providerKey, OPENAI_BASE_URL: `${upstream.url}/v1` },
  ...{ BACKUP_KEY: canaries.otherProviderKey, HOOK_SECRET: canaries.webhookSecret },
  ...{ RETRIES_MAX: '1', RETRY_BASE_MS: '1', BREAKER_ENABLED: '0', SHUTDOWN_GRACE_MS: '300' },
  STREAM_FIRST_TOKEN_TIMEOUT_MS: '1500',
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${canaries.collectorKey}`,
  ...{ OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_METRIC_EXPORT_INTERVAL: '1000' },
})

interface Ask {
  readonly path?: string
  readonly method?: string
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: BodyInit
  readonly signal?: AbortSignal
}

/** Sends a request that tells a lot, as a client. */
function send(body: unknown, { path = '/v1/chat/completions', key, headers, ...more }: Ask = {}) {
  const bearer = { authorization: `Bearer ${key ?? canaries.clientKey}` }
  return fetch(`${program.url}${path}?q=${canaries.query}`, {
    method: 'POST',
    headers: { ...tellingHeaders, 'content-type': 'application/json', ...bearer, ...headers },
    body: JSON.stringify(body),
    ...more,
  })
}

/** Asks as the operator, and keeps the answer for the search. */
async function operate(path: string, method = 'GET', body?: unknown): Promise<string> {
  const response = await fetch(`${program.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${canaries.adminToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  expect(response.status, path).toBeLessThan(300)
  const head = JSON.stringify([...response.headers])
  // The secret of a new key is told once, here and nowhere else.
  if (path !== '/api/keys' || method !== 'POST') seen.push([`${method} ${path}`, head + text])
  return text
}

const operatorPaths = [
  ...['/metrics', '/buffer-pool-metrics', '/api/breakers', '/api/overload', '/api/limits'],
  ...['/api/queue', '/api/streams', '/api/keys', '/api/usage', '/api/alerts', '/docs/json'],
  ...['summary', 'health', 'streaming', 'variant', 'provider&provider=openai'].map(
    (metric) => `/api/ai/performance?metric=${metric}`,
  ),
  ...['/healthz', '/readyz', '/dashboard', '/dashboard/session'],
]

const lookAtEverything = async (): Promise<void> => {
  for (const path of operatorPaths) await operate(path)
}

/** Ids of the streams that are under way, when there are at least so many. */
async function liveIds(least: number): Promise<string[]> {
  const ids = async (): Promise<string[]> =>
    [...(await operate('/api/streams')).matchAll(/req_[a-z0-9]{24}/g)].map(([id]) => id)
  await eventually(async () => (await ids()).length >= least, `${least} streams under way`)
  return await ids()
}

test('answers of every kind', async () => {
  for (const model of behaviourNames.filter((name) => name !== 'endless' && name !== 'silent')) {
    for (const stream of [false, true]) {
      const response = await send(tellingChat(`openai/${model}`, { stream }))
      const text = await response.text().catch(() => '')
      if (model === 'success') expect(text).toContain(canaries.completion)
    }
  }
  // It was really said, by the client and to it.
  const asked = await Promise.all(upstream.requests.map((request) => request.text()))
  expect(asked.filter((text) => text.includes(canaries.prompt)).length).toBeGreaterThan(15)
  expect(upstream.requests[0]?.header('authorization')).toContain(canaries.providerKey)
})

test('routes that try again elsewhere, before the answer and within it', async () => {
  const elsewhere = await send(tellingChat('smart', { stream: true }))
  expect(await elsewhere.text()).toContain('[DONE]')
  const messages = [{ role: 'user', content: canaries.prompt }]
  const recovered = await send({ model: 'recovering', stream: true, messages })
  expect(await recovered.text()).toContain(canaries.completion)
})

test('clients of other dialects', async () => {
  const messages = [{ role: 'user', content: canaries.prompt }]
  const anthropic = { max_tokens: 9, system: canaries.system, messages, stream: true }
  const contents = [{ role: 'user', parts: [{ text: canaries.prompt }] }]
  for (const model of ['success', 'broken', 'event']) {
    const path = `/v1beta/models/openai/${model}:streamGenerateContent`
    const one = await send({ model: `openai/${model}`, ...anthropic }, { path: '/v1/messages' })
    const other = await send({ contents }, { path })
    const texts = [await one.text(), await other.text()]
    if (model === 'success') for (const text of texts) expect(text).toContain(canaries.completion)
  }
})

test('uploads, foreign paths, wrong keys, and requests that are refused', async () => {
  const form = new FormData()
  form.set('purpose', canaries.metadata)
  form.set('file', new File([canaries.file], canaries.fileName))
  const bearer = { ...tellingHeaders, authorization: `Bearer ${canaries.clientKey}` }
  const upload = { method: 'POST', headers: bearer, body: form }
  expect((await fetch(`${program.url}/v1/files`, upload)).status).toBe(200)
  const passed = await send({}, { path: `/passthrough/openai/${canaries.unknownPath}` })
  expect(passed.status).toBe(200)

  const good = tellingChat('openai/success')
  const wrong = { authorization: '', 'x-api-key': canaries.wrongKey }
  const statuses = [
    await send(good, { key: canaries.wrongKey }),
    await send(good, { path: '/v1/messages', headers: wrong }),
    await send(tellingChat(canaries.unknownModel)),
    await send({}, { path: `/${canaries.unknownPath}` }),
    await send(good, { body: `{"model":"openai/success","messages":["${canaries.prompt}` }),
    await send({ model: 'openai/success', messages: canaries.prompt }, { path: '/v1/messages' }),
  ].map(({ status }) => status)
  expect(statuses).toEqual([401, 401, 404, 404, 400, 400])

  const headers = { authorization: `Bearer ${canaries.wrongToken}` }
  const refused = await fetch(`${program.url}/api/streams`, { headers })
  const session = { method: 'POST', body: JSON.stringify({ token: canaries.wrongToken }) }
  const json = { 'content-type': 'application/json' }
  const login = await fetch(`${program.url}/dashboard/session`, { ...session, headers: json })
  expect([refused.status, login.status]).toEqual([401, 401])
})

test('a key that the program made', async () => {
  const made = JSON.parse(await operate('/api/keys', 'POST', { name: 'team' }))
  managedSecret = /sk-sluice-[\w-]+/.exec(JSON.stringify(made))?.[0] ?? ''
  expect(managedSecret).not.toBe('')
  const response = await send(tellingChat('openai/success'), { key: managedSecret })
  expect(response.status).toBe(200)
  await response.text()
})

test('clients that leave: while they wait, and in the middle', async () => {
  for (const model of ['silent', 'endless']) {
    const abort = new AbortController()
    const asking = send(tellingChat(`openai/${model}`, { stream: true }), { signal: abort.signal })
    if (model === 'endless') await (await asking).body?.getReader().read()
    else await upstreamHeard(model)
    abort.abort()
    await asking.catch(() => {})
  }
  await program.untilLog(/(client_gone[\s\S]*){2}/)
})

const upstreamHeard = (model: string): Promise<void> =>
  eventually(async () => {
    const last = upstream.requests.at(-1)
    return last !== undefined && (await last.text()).includes(`"model":"${model}"`)
  }, `${model} to be asked`)

test('streams that are watched, ended by hand, lost and found again', async () => {
  const resumable = { headers: { 'x-sluice-resume': '1' } }
  const open = [
    await send(tellingChat('openai/endless', { stream: true })),
    await send(tellingChat('openai/endless', { stream: true }), resumable),
  ]
  const frames: string[] = []
  const headers = { authorization: `Bearer ${canaries.adminToken}` }
  const feed = `${program.url.replace('http', 'ws')}/dashboard/feed`
  const socket = new WebSocket(feed, { headers } as unknown as string[])
  socket.onmessage = ({ data }) => void frames.push(String(data))
  const ids = await liveIds(2)
  await lookAtEverything()
  for (const id of ids) await operate(`/api/streams/${id}`)
  await eventually(() => frames.length >= 2, 'two frames of the dashboard')
  socket.close()
  expect(frames[0]).toContain(ids[0] ?? 'no id')
  seen.push(['GET /dashboard/feed', frames.join('\n')])

  const streamId = open[1]?.headers.get('x-sluice-stream-id') ?? ''
  expect(streamId).not.toBe('')
  await open[1]?.body?.cancel()
  const again = await fetch(`${program.url}/v1/streams/${streamId}`, {
    headers: { authorization: `Bearer ${canaries.clientKey}`, 'last-event-id': '0' },
  })
  const reader = again.body?.getReader()
  await reader?.read()
  for (const id of await liveIds(2)) await operate(`/api/streams/${id}`, 'DELETE')
  await reader?.cancel().catch(() => {})
  expect(await open[0]?.text()).toContain('error')
})

test('a worker that is replaced, and leaves what it remembers', async () => {
  await eventually(() => told.length > 0, 'an alert to be told', 10_000)
  await lookAtEverything()
  await operate('/api/alerts/errors', 'PUT', { silenceSeconds: 60 })
  program.signal('SIGHUP')
  await program.untilLog(/worker replaced/)
  await lookAtEverything()
})

test('a worker that is killed within a stream', async () => {
  const cut = await send(tellingChat('openai/endless', { stream: true }))
  const reading = cut.text().catch(() => '')
  for (const pid of program.workerPids()) process.kill(pid, 'SIGKILL')
  await reading
  await program.untilLog(/starting another/)
  const isBack = async (): Promise<boolean> =>
    await fetch(`${program.url}/readyz`)
      .then(({ ok }) => ok)
      .catch(() => false)
  await eventually(isBack, 'another worker')
  await lookAtEverything()
})

test('then the program is told to end, within a stream', async () => {
  const last = await send(tellingChat('openai/endless', { stream: true }))
  const reading = last.text().catch(() => '')
  await program.stop()
  await reading
  seen.push(['log', program.log])
  seen.push(['webhook', told.join('\n')])
  const isTrace = (text: string): boolean => text.includes('"resourceSpans"')
  const traces = collector.texts.filter(isTrace).join('\n')
  // The model that was asked for is an attribute of OpenTelemetry's, whether or not there is one.
  seen.push(['traces', traces.replaceAll(canaries.unknownModel, '')])
  seen.push(['metrics sent', collector.texts.filter((text) => !isTrace(text)).join('\n')])
  const sentHeaders = collector.headers.map((headers) => JSON.stringify([...headers]))
  // The collector's own key is for the collector.
  const bearer = `Bearer ${canaries.collectorKey}`
  seen.push(['headers to the collector', sentHeaders.join('\n').replaceAll(bearer, '')])
  for (const file of readdirSync(directory)) {
    if (file !== 'sluice.json') seen.push([file, readFileSync(join(directory, file), 'latin1')])
  }
})

test('there was something to search in', () => {
  const lines = program.stdout.split('\n').filter((line) => line.includes('"req_'))
  expect(lines.length).toBeGreaterThan(35)
  for (const word of ['"tried":', '"slow":true', '"client_gone"', '"shutdown"', '"recovery":"']) {
    expect(program.stdout.includes(word), word).toBe(true)
  }
  const names = collector.spans.map(({ name }) => name)
  expect(names.length).toBeGreaterThan(100)
  expect(collector.metrics.length).toBeGreaterThan(0)
  expect(seen.find(([where]) => where === 'GET /metrics')?.[1]).toContain('sluice_')
  expect(told.join()).toContain('errors')
  const database = new Database(databaseFile, { readonly: true })
  const tables = database.query("select name from sqlite_master where type = 'table'").all()
  const rows = tables.flatMap((table) =>
    database.query(`select * from "${(table as { name: string }).name}"`).all(),
  )
  database.close()
  expect(rows.length).toBeGreaterThan(30)
  expect(JSON.stringify(rows)).toContain('openai')
})

test('and nothing of it is anywhere', () => {
  const found = seen.flatMap(([where, text]) => [
    ...canariesIn(text).map((name) => `${where}: ${name}`),
    ...(text.includes(managedSecret.slice(-20)) ? [`${where}: managed key`] : []),
  ])
  expect([...new Set(found)]).toEqual([])
})

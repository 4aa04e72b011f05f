/** A collector that is away, slow, or refuses costs spans, and nothing else. */
import { afterEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { rootDirectory } from '../kit/binary.ts'
import { eventually } from '../kit/signal.ts'
import { endStands } from './client-stand.ts'
import { answering, type TargetsStand } from './targets-stand.ts'
import { caller, endCollectors, startTraces, traceparent } from './traces-stand.ts'

afterEach(async () => {
  await endStands()
  await endCollectors()
})

/** What was said of the way to the collector, without the counts that depend on the moment. */
const said = ({ lines }: TargetsStand) =>
  lines.map(([level, message, fields]) => [level, message, fields?.signal, fields?.cause])

async function chats(stand: TargetsStand, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const response = await stand.chat({}, { traceparent: traceparent() })
    expect(response.status).toBe(200)
  }
}

test('one that refuses is told of once, and once when it takes spans again', async () => {
  let status = 400
  const stand = await startTraces([answering('a')], {}, {}, () =>
    status === 200 ? null : new Response('canary of the collector', { status }),
  )
  await chats(stand, 1)
  await eventually(() => stand.lines.length === 1, 'the line')
  await chats(stand, 2)
  await stand.collector.until(() => stand.collector.requestCount > 1, 'another export')
  status = 200
  await chats(stand, 1)
  await stand.collector.trace(caller.traceId)
  await eventually(() => stand.lines.length > 1, 'the second line')
  expect(said(stand)).toEqual([
    ['warn', 'telemetry cannot be sent', 'traces', 400],
    ['info', 'telemetry is sent again', 'traces', undefined],
  ])
  expect(stand.lines[1]?.[2]?.lost).toBeGreaterThan(0)
  expect(JSON.stringify(stand.lines)).not.toContain('canary')
})

test('one that is away costs no request anything', async () => {
  const away = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces',
    OTEL_EXPORTER_OTLP_TIMEOUT: '100',
  }
  const stand = await startTraces([answering('a')], {}, away)
  await chats(stand, 3)
  await eventually(() => stand.lines.length > 0, 'the line')
  expect(said(stand)).toEqual([['warn', 'telemetry cannot be sent', 'traces', 'ECONNREFUSED']])
})

test('one that does not answer is given up, and sent to again', async () => {
  let isSilent = true
  const over = Promise.withResolvers<void>()
  const soon = { OTEL_EXPORTER_OTLP_TIMEOUT: '100' }
  const stand = await startTraces([answering('a')], {}, soon, async () => {
    if (isSilent) await over.promise
    return Response.json({})
  })
  await chats(stand, 1)
  await eventually(() => stand.lines.length > 0, 'the line')
  isSilent = false
  await chats(stand, 1)
  await stand.collector.trace(caller.traceId)
  await eventually(() => stand.lines.length > 1, 'the second line')
  over.resolve()
  expect(said(stand)).toEqual([
    ['warn', 'telemetry cannot be sent', 'traces', 'timeout'],
    ['info', 'telemetry is sent again', 'traces', undefined],
  ])
})

test('one that takes a part says so', async () => {
  const partial = { partialSuccess: { rejectedSpans: '2', errorMessage: 'canary' } }
  const stand = await startTraces([answering('a')], {}, {}, () => Response.json(partial))
  await chats(stand, 2)
  await eventually(() => stand.lines.length > 0, 'the line')
  expect(said(stand)).toEqual([
    ['warn', 'telemetry is lost, because the collector rejects a part of it', 'traces', null],
  ])
  expect(JSON.stringify(stand.lines)).not.toContain('canary')
})

test('behind one that does not answer only so many spans wait, and a stop does not', async () => {
  const answer = Promise.withResolvers<void>()
  const small = { OTEL_BSP_MAX_QUEUE_SIZE: '64' }
  const stand = await startTraces([answering('a')], {}, small, async () => {
    await answer.promise
    return Response.json({})
  })
  await chats(stand, 40)
  await eventually(() => stand.lines.length > 0, 'the line')
  expect(said(stand)).toEqual([
    ['warn', 'telemetry is lost, because there is more than can be sent', 'traces', null],
  ])
  const metrics = await (await fetch(new URL('/metrics', stand.app.url))).text()
  const figure = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1])
  expect(figure('sluice_spans_waiting')).toBeGreaterThan(0)
  expect(figure('sluice_spans_waiting')).toBeLessThanOrEqual(64)
  expect(figure('sluice_spans_lost_total')).toBeGreaterThan(0)
  const startedAtMs = performance.now()
  await stand.app.stop(0)
  // A second is for what waits, and two tenths for a machine that is shared.
  expect(performance.now() - startedAtMs).toBeLessThan(1000 + 1500)
  answer.resolve()
})

test('what waits is sent at the end', async () => {
  const stand = await startTraces([answering('a')], {}, { OTEL_BSP_SCHEDULE_DELAY: '60000' })
  await chats(stand, 1)
  expect(stand.collector.requestCount).toBe(0)
  await stand.app.stop(0)
  expect(stand.collector.spans.filter(({ kind }) => kind === 2)).toHaveLength(1)
})

test('headers and gzip are as they are configured, and each worker says which it is', async () => {
  const stand = await startTraces(
    [answering('a')],
    {},
    {
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=secret%20one',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_SERVICE_NAME: 'gateway',
    },
  )
  await chats(stand, 1)
  await stand.collector.trace(caller.traceId)
  const [headers] = stand.collector.headers
  expect(headers?.get('x-api-key')).toBe('secret one')
  expect(headers?.get('content-encoding')).toBe('gzip')
  expect(stand.collector.resources[0]).toMatchObject({
    'service.name': 'gateway',
    'deployment.environment.name': 'test',
    'sluice.worker.id': 0,
    'process.pid': process.pid,
  })
})

/** Starts the app on an environment, and prints how many modules of OpenTelemetry are there. */
const script = (environment: Readonly<Record<string, string>>) => `
  const { loadConfig } = await import('./src/config/env.ts')
  const { startApp } = await import('./src/app.ts')
  const loaded = loadConfig(${JSON.stringify({ PORT: '0', ...environment })})
  const log = { request() {}, line() {} }
  const app = await startApp(loaded.config, { id: 0, total: 0 }, { log })
  const modules = Object.keys(require.cache).filter((path) => path.includes('@opentelemetry'))
  console.log(modules.length)
  await app.stop(0)
  process.exit(0)
`

test('nothing of OpenTelemetry is loaded where nothing is sent', async () => {
  const modulesWith = async (environment: Readonly<Record<string, string>>) => {
    const child = Bun.spawn([process.execPath, '--no-env-file', '-e', script(environment)], {
      cwd: join(rootDirectory),
      stdout: 'pipe',
    })
    return Number(await new Response(child.stdout).text())
  }
  const [off, on] = await Promise.all([
    modulesWith({}),
    modulesWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }),
  ])
  expect(off).toBe(0)
  expect(on).toBeGreaterThan(0)
})

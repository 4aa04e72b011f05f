/** A running edge for tests: real socket, real dialects, and a gateway that the test writes. */
import type { KeyAdmin } from '../../src/admission/key-admin.ts'
import type { OverloadView } from '../../src/admission/overload.ts'
import type { BufferPoolMetrics } from '../../src/buffer/lease.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Connection } from '../../src/gateway/connection.ts'
import type { AlertsView } from '../../src/observe/alerts/view.ts'
import { protocols } from '../../src/protocol/registry.ts'
import type { Call } from '../../src/provider/call.ts'
import type { GateView, LimitsView, ServerOptions } from '../../src/server/options.ts'
import type { Observation } from '../../src/server/performance-answer.ts'
import { type RunningServer, startServer } from '../../src/server/server.ts'
import { RawClient } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import type { RawResponse } from '../kit/response.ts'

/** What the gateway was asked. */
export interface Asked {
  readonly call: Call
  readonly connection: Connection
  readonly request: Request
}

/** A server, what reached its gateway and what it reported. Its end checks for what is left. */
export interface Edge extends AsyncDisposable {
  readonly server: RunningServer
  readonly url: URL
  readonly asked: Asked[]
  readonly reported: { readonly error: unknown; readonly requestId: string }[]
}

/** What the pool of the test says of itself. */
export const poolMetrics: BufferPoolMetrics = {
  enabled: true,
  tiers: [{ size: 4096, available: 1, inUse: 0, allocated: 1, hits: 3, misses: 1, trimmed: 0 }],
  totalBuffers: 1,
  totalInUse: 0,
  totalBytes: 4096,
  bytesMax: 1 << 20,
  overflow: 0,
  overflowInUse: 0,
  overflowBytes: 0,
  allocations: 1,
  hitRate: 0.75,
  doubleReleases: 0,
  timestamp: 1,
}

/** The state of a worker that has nothing to do. */
export const calm: OverloadView = {
  stage: 'normal',
  pressure: 0.1,
  cause: null,
  memory: { pressure: 0.1, bytes: 100, bytesMax: 1000 },
  eventLoop: { pressure: 0.001, lagMs: 1.25, worstMs: 7.5, lagMaxMs: 1000 },
  descriptors: { pressure: 0, open: null, max: null },
  concurrentRequestsMax: 20_000,
  shed: { lowPriority: 1, pressure: 2, concurrency: 3 },
  evicted: 0,
}

/** What a worker tells of its limits where nothing went wrong. */
export const limitsView: LimitsView = {
  store: {
    ...{ name: 'redis', state: 'ready', processes: 2, operations: 9, failures: 1, timeouts: 1 },
    ...{ reconnects: 0, decidedLocally: 1, undecided: 0, lostSettlements: 0, lostNews: 0 },
  },
  places: 3,
  keys: { configured: 2, remembered: 1, absent: 0, lookups: 1, failures: 0, stale: 0 },
}

/** One provider with a limit, and one without. */
export const gateViews: readonly GateView[] = [
  { name: 'openai', inside: 8, waiting: 3, limit: 8 },
  { name: 'demo', inside: 0, waiting: 0, limit: null },
]

/** One rule that fires, of which somebody was told. */
export const alertsView: AlertsView = {
  everySeconds: 5,
  rules: [
    {
      ...{ name: 'errors', metric: 'errorRate', above: 0.1, windowSeconds: 300, forSeconds: 60 },
      ...{ minimumRequests: 10, provider: 'openai', route: null, key: null, silenceSeconds: 3600 },
      ...{ state: 'firing', since: 1, value: 0.5, requests: 20, targets: [] },
      ...{ toldAt: 1, silencedUntil: null },
    },
  ],
  webhook: {
    ...{ host: 'hooks.test', delivered: 1, lost: 0, waiting: 0 },
    last: [
      {
        ...{ id: 'alert_x', rule: 'errors', notice: 'firing', at: 1, endedAt: 2, attempts: 1 },
        ...{ outcome: 'delivered', status: 200, error: null },
      },
    ],
  },
}

const noKey = async (): Promise<never> => {
  throw new GatewayError('key_not_found')
}

/** A server without managed keys. */
export const noKeys: KeyAdmin = {
  list: async () => ({ keys: [], next: null }),
  ...{ create: noKey, get: noKey, change: noKey, rotate: noKey, revoke: noKey },
}

const noStream = async (): Promise<never> => {
  throw new GatewayError('stream_not_found')
}

/** A server in which nothing has happened. */
export const noObservation: Observation = {
  performance: async ({ metric, windowMs }) => ({ metric, windowMs, coveredMs: 0, workers: 1 }),
  streams: async () => ({ streams: [], total: 0, workers: 1 }),
  ...{ stream: noStream, endStream: noStream },
}

/** Options with a gateway that answers `{"ok":true}`. */
export function edgeOptions(overrides: Partial<ServerOptions> = {}): ServerOptions {
  return {
    hostname: '127.0.0.1',
    port: 0,
    reusePort: false,
    tls: null,
    corsOrigins: [],
    adminToken: null,
    requestBytesMax: 1 << 20,
    gateway: async () => Response.json({ ok: true }, { headers: { 'x-request-id': 'req_test' } }),
    breakers: { list: () => [], set: () => {} },
    keys: noKeys,
    ledger: null,
    overload: () => calm,
    limits: () => limitsView,
    gates: () => gateViews,
    metrics: async () => ({
      text: 'sluice_streams_live 1\n',
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    }),
    alerts: { view: async () => alertsView, silence: async () => alertsView },
    frame: async () => {
      throw new TypeError('Nobody watches this edge.')
    },
    observation: noObservation,
    resumption: { read: noStream, end: noStream },
    models: {
      list: () => Response.json({ object: 'list', data: [] }),
      get: (id) => Response.json({ id, object: 'model' }),
      listGemini: () => Response.json({ models: [] }),
      getGemini: (id) => Response.json({ name: `models/${id}` }),
    },
    pool: {
      acquire: () => {
        throw new TypeError('The edge takes no buffers.')
      },
      getMetrics: () => poolMetrics,
      trim: () => {},
    },
    protocols,
    status: () => ({ ready: true, draining: false, load: 'normal', configuration: '1' }),
    worker: { id: 1, total: 2 },
    version: '0.0.0-test',
    onError: () => {},
    onWrongToken: () => {},
    ...overrides,
  }
}

/** Starts an edge on a free port. */
export function startEdge(overrides: Partial<ServerOptions> = {}): Edge {
  const options = edgeOptions(overrides)
  const asked: Asked[] = []
  const reported: Edge['reported'] = []
  const server = startServer({
    ...options,
    gateway: (request, call, connection) => {
      asked.push({ request, call, connection })
      return options.gateway(request, call, connection)
    },
    onError: (error, requestId) => {
      reported.push({ error, requestId })
    },
  })
  return {
    server,
    url: server.url,
    asked,
    reported,
    async [Symbol.asyncDispose]() {
      await expectNothingLeft(null, { requests: () => server.pendingRequests })
      await server.stop(true)
    },
  }
}

/** Sends these lines as the head of a request without a body, and waits for the answer's end. */
export async function sendHead(url: URL, ...lines: string[]): Promise<RawResponse> {
  const client = await RawClient.connect(url)
  const response = client.expect(lines[0]?.split(' ')[0])
  await client.send(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  await response.ended()
  client.close()
  return response
}

/** The code of an error body. Throws where the body is not in OpenAI's shape. */
export function errorCode(response: RawResponse): string {
  const { error } = JSON.parse(response.text())
  for (const field of ['message', 'type', 'code']) {
    if (typeof error[field] !== 'string') throw new TypeError(`no ${field}: ${response.text()}`)
  }
  return error.code
}

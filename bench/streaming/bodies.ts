/**
 * Second part of the streaming benchmark: what relaying is worth, against reading the whole body
 * first, and against pushing every chunk on without asking whether the client reads.
 *
 * Each body is read twice: by a client that keeps up, and by one that pauses after the first
 * byte. The pause is what tells bounded memory from unbounded.
 */
import { type Arrival, BenchClient, requestBytes } from '../load/client.ts'
import { MeasuredProxy } from '../load/proxy.ts'
import type { ProxyKind } from '../load/proxy-process.ts'
import { median } from '../load/statistics.ts'
import type { StreamFixture } from '../load/streams.ts'
import { startBenchUpstream, streamAnswer } from '../load/upstream.ts'

/** A body, and how often it is sent. */
export interface BodyPlan {
  readonly name: string
  readonly fixture: StreamFixture
  readonly repetitions: number
}

/** How much is run. */
export interface BodiesPlan {
  readonly bodies: readonly BodyPlan[]
  /** Sent before anything is measured, so that the code is warm and its memory is there. */
  readonly warmUp: StreamFixture
  readonly warmUpStreams: number
  /** How long the client that pauses does so. */
  readonly pauseMs: number
}

/** What one way of answering makes of one body. */
export interface BodyRow {
  readonly name: string
  readonly bodyBytes: number
  readonly kind: ProxyKind
  /** Of the client that keeps up; medians. */
  readonly firstByteMs: number
  readonly totalMs: number
  /** The most memory above what the proxy held before, for one body that is read steadily. */
  readonly peakBytes: number
  /** The same with a client that pauses. */
  readonly peakPausedBytes: number
}

/** In the order of the table: what one would write first, and then this program. */
const kinds = ['buffered', 'naive', 'sluice'] as const satisfies readonly ProxyKind[]

/** Below `/v1`, where the program knows this endpoint and the plain proxies know none. */
const path = '/v1/chat/completions'

/** Runs the plan. `tell` gets a line for each body as it begins. */
export async function measureBodies(
  plan: BodiesPlan,
  tell: (line: string) => void,
): Promise<BodyRow[]> {
  const rows: BodyRow[] = []
  for (const body of plan.bodies) {
    tell(`a body of ${body.name}`)
    for (const kind of kinds) {
      const steady = await measure(plan, body, kind, 0)
      const paused = await measure(plan, body, kind, plan.pauseMs)
      rows.push({
        name: body.name,
        bodyBytes: body.fixture.body.length,
        kind,
        firstByteMs: median(steady.arrivals.map((arrival) => arrival.firstByteMs)),
        totalMs: median(steady.arrivals.map((arrival) => arrival.totalMs)),
        peakBytes: steady.peakBytes,
        peakPausedBytes: paused.peakBytes,
      })
    }
  }
  return rows
}

/** A proxy of its own for each measurement: a peak of memory is never taken back. */
async function measure(
  plan: BodiesPlan,
  body: BodyPlan,
  kind: ProxyKind,
  pauseMs: number,
): Promise<{ arrivals: Arrival[]; peakBytes: number }> {
  const answers = new Map([[path, streamAnswer(plan.warmUp.pieces)]])
  const upstream = startBenchUpstream(answers)
  const proxy = await MeasuredProxy.start({ kind, upstreamUrl: upstream.url })
  const client = await BenchClient.connect(proxy.url)
  try {
    for (let turn = 0; turn < plan.warmUpStreams; turn += 1) await client.send(request)
    answers.set(path, streamAnswer(body.fixture.pieces))
    const before = await proxy.read(true)
    const arrivals = [await client.send(request, { pauseMs })]
    // Of one body: after several, what was not collected yet would count as well.
    const { rssPeakBytes } = await proxy.read()
    while (pauseMs === 0 && arrivals.length < body.repetitions) {
      arrivals.push(await client.send(request))
    }
    const isWhole = ({ bodyBytes }: Arrival): boolean => bodyBytes === body.fixture.body.length
    if (!arrivals.every(isWhole)) throw new Error('A body was cut.')
    return { arrivals, peakBytes: Math.max(0, rssPeakBytes - before.rssBytes) }
  } finally {
    client.close()
    await proxy.stop()
    upstream.stop()
  }
}

const request = requestBytes(path, {
  model: 'gpt-bench',
  stream: true,
  messages: [{ role: 'user', content: 'Say something very long.' }],
})

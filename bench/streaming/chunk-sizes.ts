/**
 * First part of the streaming benchmark: every chunk size with the pool on and off.
 *
 * The two proxies of a chunk size run side by side and take turns, so that whatever else the
 * machine does meets both. Every stream is cut inside events, so each has an incomplete event to
 * keep from one read to the next, which is what the pooled buffers are for.
 */
import { type Arrival, BenchClient, requestBytes, sendMany } from '../load/client.ts'
import { MeasuredProxy } from '../load/proxy.ts'
import { median, quantile, sum } from '../load/statistics.ts'
import type { StreamFixture } from '../load/streams.ts'
import { startBenchUpstream, streamAnswer } from '../load/upstream.ts'

/** How much is run. */
export interface ChunkSizePlan {
  readonly chunkKibs: readonly number[]
  readonly fixture: StreamFixture
  /** Streams that are open at a time. */
  readonly connections: number
  /**
   * How often all chunk sizes are gone through, with fresh proxies and in turned order, so that
   * what the machine does meanwhile does not meet the same ones again.
   */
  readonly passes: number
  /** In each pass. */
  readonly rounds: number
  /** Streams of one proxy in one round. */
  readonly streamsPerRound: number
  readonly warmUpStreams: number
}

/** What one chunk size costs with the pool on, or off. */
export interface ChunkSizeRow {
  readonly chunkBytes: number
  readonly pool: boolean
  readonly firstByteP50Ms: number
  readonly firstByteP99Ms: number
  /** The median of the rounds. */
  readonly throughputMbPerSecond: number
  /** The median of the rounds; processor time of all threads of the proxy. */
  readonly cpuMsPerMb: number
  /** Streams relayed, with the warm-up of each pass. */
  readonly streams: number
  /** Buffers that the program made for them. */
  readonly allocations: number
  /** While measured, without the warm-up. */
  readonly collections: number
  readonly collectionMs: number
  /** The most that was found at the end of a round. */
  readonly rssBytes: number
  /** After a full collection at the end of the last pass. */
  readonly heapBytes: number
}

/** What is known so far of one chunk size with the pool on, or off. */
class Subject {
  readonly chunkKib: number
  readonly pool: boolean
  readonly firstBytesMs: number[] = []
  readonly throughputs: number[] = []
  readonly costs: number[] = []
  streams = 0
  allocations = 0
  collections = 0
  collectionMs = 0
  rssBytes = 0
  heapBytes = 0

  constructor(chunkKib: number, pool: boolean) {
    this.chunkKib = chunkKib
    this.pool = pool
  }
}

/** Its proxy of one pass. */
interface Session {
  readonly subject: Subject
  readonly proxy: MeasuredProxy
  readonly clients: readonly BenchClient[]
}

const path = '/v1/chat/completions'
const bytesPerMb = 1_000_000

/** Runs the plan. `tell` gets a line for each chunk size of each pass as it begins. */
export async function measureChunkSizes(
  plan: ChunkSizePlan,
  tell: (line: string) => void,
): Promise<ChunkSizeRow[]> {
  const upstream = startBenchUpstream(new Map([[path, streamAnswer(plan.fixture.pieces)]]))
  const pairs = plan.chunkKibs.map((kib) => [new Subject(kib, true), new Subject(kib, false)])
  try {
    for (let pass = 0; pass < plan.passes; pass += 1) {
      for (const pair of pass % 2 === 0 ? pairs : pairs.toReversed()) {
        tell(`chunks of ${pair[0]?.chunkKib} KiB, ${pass + 1} of ${plan.passes}`)
        await measurePair(plan, pair, upstream.url)
      }
    }
  } finally {
    upstream.stop()
  }
  return pairs.flat().map(row)
}

async function measurePair(
  plan: ChunkSizePlan,
  pair: readonly Subject[],
  upstreamUrl: string,
): Promise<void> {
  const sessions: Session[] = []
  try {
    for (const subject of pair) sessions.push(await start(plan, subject, upstreamUrl))
    const before = sessions.map(({ proxy }) => proxy.collections)
    for (let round = 0; round < plan.rounds; round += 1) {
      // Whoever goes second finds a warmer machine, so they change places.
      const order = round % 2 === 0 ? sessions : sessions.toReversed()
      for (const session of order) await measureRound(plan, session)
    }
    for (const [index, { subject, proxy }] of sessions.entries()) {
      subject.collections += proxy.collections.count - (before[index]?.count ?? 0)
      subject.collectionMs += proxy.collections.totalMs - (before[index]?.totalMs ?? 0)
      subject.heapBytes = (await proxy.read(true)).heapBytes
      subject.allocations += await proxy.allocations()
    }
  } finally {
    for (const { proxy, clients } of sessions) {
      for (const client of clients) client.close()
      await proxy.stop()
    }
  }
}

async function start(plan: ChunkSizePlan, subject: Subject, upstreamUrl: string): Promise<Session> {
  const proxy = await MeasuredProxy.start({
    kind: 'sluice',
    upstreamUrl,
    environment: {
      STREAM_RESPONSE_CHUNK_SIZE: `${subject.chunkKib * 1024}`,
      STREAM_BUFFER_POOL_ENABLED: subject.pool ? '1' : '0',
    },
  })
  const clients = await Promise.all(
    Array.from({ length: plan.connections }, () => BenchClient.connect(proxy.url)),
  )
  subject.streams += (await send(plan, clients, plan.warmUpStreams)).length
  return { subject, proxy, clients }
}

async function measureRound(plan: ChunkSizePlan, session: Session): Promise<void> {
  const { subject, proxy, clients } = session
  const before = await proxy.read()
  const startedAtMs = performance.now()
  const arrivals = await send(plan, clients, plan.streamsPerRound)
  const tookMs = performance.now() - startedAtMs
  const after = await proxy.read()
  const megabytes = sum(arrivals, (arrival) => arrival.bodyBytes) / bytesPerMb
  subject.firstBytesMs.push(...arrivals.map((arrival) => arrival.firstByteMs))
  subject.throughputs.push(megabytes / (tookMs / 1000))
  subject.costs.push((after.cpuMs - before.cpuMs) / megabytes)
  subject.streams += arrivals.length
  subject.rssBytes = Math.max(subject.rssBytes, after.rssBytes)
}

/** Streams whose length is not exactly the provider's prove nothing, so they end the benchmark. */
async function send(
  plan: ChunkSizePlan,
  clients: readonly BenchClient[],
  count: number,
): Promise<Arrival[]> {
  const arrivals = await sendMany(clients, request, count)
  const wrong = arrivals.find(({ bodyBytes }) => bodyBytes !== plan.fixture.body.length)
  if (wrong === undefined) return arrivals
  throw new Error(`A stream came with ${wrong.bodyBytes} bytes, not ${plan.fixture.body.length}.`)
}

const request = requestBytes(path, {
  model: 'gpt-bench',
  stream: true,
  messages: [{ role: 'user', content: 'Say something long.' }],
})

function row(subject: Subject): ChunkSizeRow {
  const { firstBytesMs, throughputs, costs } = subject
  return {
    chunkBytes: subject.chunkKib * 1024,
    pool: subject.pool,
    firstByteP50Ms: median(firstBytesMs),
    firstByteP99Ms: quantile(firstBytesMs, 0.99),
    throughputMbPerSecond: median(throughputs),
    cpuMsPerMb: median(costs),
    streams: subject.streams,
    allocations: subject.allocations,
    collections: subject.collections,
    collectionMs: subject.collectionMs,
    rssBytes: subject.rssBytes,
    heapBytes: subject.heapBytes,
  }
}

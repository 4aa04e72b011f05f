/**
 * What one `GET /metrics` costs a worker with nothing to do, and one with 10,000 live streams: the
 * processor time of its process, without what the streams alone take, and how long it takes.
 *
 * Run with `bun bench/scrape.bench.ts`. A worker takes half as many streams as it may open
 * descriptors (`ulimit -n`); where that is fewer than 10,000, so many are opened.
 */
import type { Socket } from 'bun'
import { requestBytes } from './load/client.ts'
import { MeasuredProxy } from './load/proxy.ts'
import { median, quantile, table } from './load/statistics.ts'

const streamsMax = 10_000
const openAtOnce = 200
const scrapes = 100
const idleMs = 3000

/** The processor time that one scrape may take. */
const limitMs = 5

/** A stream that says one word and then nothing, until its client leaves. */
const request = requestBytes('/v1/chat/completions', {
  model: 'demo/stream?fail=stall@1',
  stream: true,
  messages: [{ role: 'user', content: 'Say something.' }],
})

/** Opens streams, each on its own connection; resolves when all have said their word. */
async function openStreams(url: string, count: number): Promise<readonly Socket[]> {
  const { hostname, port } = new URL(url)
  const sockets: Socket[] = []
  const openOne = async (): Promise<void> => {
    const spoken = Promise.withResolvers<void>()
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (_socket, bytes) => {
          if (bytes.includes('data: ')) spoken.resolve()
        },
        close: () => spoken.reject(new Error('A stream ended too early.')),
      },
    })
    sockets.push(socket)
    socket.write(request)
    await spoken.promise
  }
  let left = count
  const work = Array.from({ length: openAtOnce }, async () => {
    while (left > 0) {
      left -= 1
      await openOne()
    }
  })
  await Promise.all(work)
  return sockets
}

interface Cost {
  readonly live: number
  readonly cpuMs: number
  readonly times: readonly number[]
  readonly bytes: number
}

async function measure(proxy: MeasuredProxy): Promise<Cost> {
  const scrape = async (): Promise<string> => {
    const response = await fetch(`${proxy.url}/metrics`, { proxy: '' })
    return await response.text()
  }
  const text = await scrape()
  for (let turn = 0; turn < 20; turn += 1) await scrape()
  const idleFrom = await proxy.read()
  await Bun.sleep(idleMs)
  const idleTo = await proxy.read()
  const idlePerMs = (idleTo.cpuMs - idleFrom.cpuMs) / idleMs
  const times: number[] = []
  const startedAtMs = performance.now()
  for (let turn = 0; turn < scrapes; turn += 1) {
    const sentAtMs = performance.now()
    await scrape()
    times.push(performance.now() - sentAtMs)
  }
  const tookMs = performance.now() - startedAtMs
  const after = await proxy.read()
  const cpuMs = (after.cpuMs - idleTo.cpuMs - idlePerMs * tookMs) / scrapes
  const live = Number(/^sluice_streams_live (\d+)$/m.exec(text)?.[1])
  return { live, cpuMs, times, bytes: text.length }
}

const proxy = await MeasuredProxy.start({
  kind: 'sluice',
  upstreamUrl: 'http://127.0.0.1:1',
  environment: {
    LOG_LEVEL: 'error',
    STREAM_HEARTBEAT_INTERVAL_MS: '0',
    STREAM_IDLE_TIMEOUT_MS: '0',
    STREAM_FIRST_TOKEN_TIMEOUT_MS: '0',
  },
})
const before = await measure(proxy)
const overload = await fetch(`${proxy.url}/api/overload`, { proxy: '' })
const { concurrentRequestsMax } = (await overload.json()) as { concurrentRequestsMax: number }
const count = Math.min(streamsMax, concurrentRequestsMax)
const openedFromMs = performance.now()
const sockets = await openStreams(proxy.url, count)
console.log(`opened in ${((performance.now() - openedFromMs) / 1000).toFixed(1)} s`)
const costs = [before, await measure(proxy)]
for (const socket of sockets) socket.terminate()
await proxy.stop()

const rows = costs.map(({ live, cpuMs, times, bytes }) => [
  `${live} live streams`,
  cpuMs.toFixed(2),
  median(times).toFixed(2),
  quantile(times, 0.99).toFixed(2),
  (bytes / 1024).toFixed(0),
])
console.log(table(['a scrape with', 'cpu ms', 'p50 ms', 'p99 ms', 'KiB'], rows))
const isGood = costs.every(({ cpuMs }) => cpuMs <= limitMs) && costs[1]?.live === count
console.log(`${isGood ? 'PASS' : 'FAIL'}: at most ${limitMs} ms of processor time a scrape`)
process.exit(isGood ? 0 : 1)

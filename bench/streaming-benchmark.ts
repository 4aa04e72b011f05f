/**
 * The streaming benchmark: what chunk sizes and the buffer pool do to latency, throughput and
 * memory, and what relaying is worth against the simpler ways. Everything is measured in this run:
 * the program in a process of its own, over real sockets, with a provider and a client beside it.
 *
 * Run with `bun --expose-gc bench/streaming-benchmark.ts [--quick] [--out <file>]`. It exits with
 * 1 where the pool saves fewer allocations than it must.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { streamVariables } from '../src/config/stream-variables.ts'
import { table } from './load/statistics.ts'
import { makeStream } from './load/streams.ts'
import { type BodiesPlan, type BodyRow, measureBodies } from './streaming/bodies.ts'
import {
  type ChunkSizePlan,
  type ChunkSizeRow,
  measureChunkSizes,
} from './streaming/chunk-sizes.ts'
import { judgePool, noiseShare, type PoolVerdict, recommend } from './streaming/verdict.ts'

const kib = 1024
const mib = 1024 * kib
const seed = 0x51_0ce
const defaultChunkBytes = Number(streamVariables.responseChunkBytes.default)

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, out: { type: 'string' } },
})

/** Events of a token up to those with a piece of a picture, in pieces as a busy socket has them. */
const mixed = { textBytes: [16, 12 * kib], pieceBytes: [2 * kib, 192 * kib] } as const

const chunkPlan: ChunkSizePlan = {
  chunkKibs: [4, 8, 16, 32, 64, 128],
  fixture: makeStream({ seed, bodyBytes: (options.quick ? 48 : 256) * kib, ...mixed }),
  connections: options.quick ? 1 : 4,
  passes: options.quick ? 1 : 2,
  rounds: options.quick ? 2 : 4,
  streamsPerRound: options.quick ? 200 : 300,
  warmUpStreams: options.quick ? 100 : 400,
}

const bodyOf = (name: string, bodyBytes: number, repetitions: number) => ({
  name,
  fixture: makeStream({ seed, bodyBytes, ...mixed }),
  repetitions: options.quick ? Math.ceil(repetitions / 10) : repetitions,
})

const bodiesPlan: BodiesPlan = {
  bodies: [
    bodyOf('100 KB', 100_000, 60),
    bodyOf('5 MB', 5_000_000, 20),
    bodyOf('50 MB', 50_000_000, 5),
  ],
  warmUp: makeStream({ seed: seed + 1, bodyBytes: 100_000, ...mixed }),
  warmUpStreams: options.quick ? 10 : 50,
  pauseMs: options.quick ? 200 : 500,
}

const startedAtMs = performance.now()
const loadBefore = loadavg()[0] ?? 0
const tell = (line: string): void => console.error(`measuring ${line} ...`)
const chunkRows = await measureChunkSizes(chunkPlan, tell)
const bodyRows = await measureBodies(bodiesPlan, tell)
const verdict = judgePool(chunkRows)
const recommendation = recommend(chunkRows, defaultChunkBytes)
const durationSeconds = (performance.now() - startedAtMs) / 1000

console.log(`\n${chunkTable(chunkRows)}\n\n${bodyTable(bodyRows)}\n`)
console.log(`Recommended: STREAM_RESPONSE_CHUNK_SIZE=${recommendation.chunkBytes}`)
console.log(`  ${recommendation.reason}`)
for (const line of verdictLines(verdict)) console.log(line)

const file = options.out ?? join(import.meta.dir, 'results', `streaming-${Date.now()}.json`)
mkdirSync(dirname(file), { recursive: true })
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  loadBefore,
  platform: `${process.platform} ${process.arch}`,
  bun: Bun.version,
}
const fixture = { bytes: chunkPlan.fixture.body.length, events: chunkPlan.fixture.events }
const results = { quick: options.quick, durationSeconds, machine, fixture }
const found = { chunkSizes: chunkRows, bodies: bodyRows, recommendation, verdict }
writeFileSync(file, `${JSON.stringify({ ...results, ...found }, null, 2)}\n`)
console.log(`\n${durationSeconds.toFixed(0)} s; results in ${file}`)
process.exit(verdict.savesAllocations ? 0 : 1)

function chunkTable(rows: readonly ChunkSizeRow[]): string {
  const titles = ['chunk', 'pool', 'TTFB p50', 'p99 ms', 'MB/s', 'CPU ms/MB']
  const more = ['streams', 'allocations', 'GCs', 'GC ms', 'RSS MiB', 'heap MiB']
  return table(
    [...titles, ...more],
    rows.map((row) => [
      `${row.chunkBytes / kib} KiB`,
      row.pool ? 'on' : 'off',
      row.firstByteP50Ms.toFixed(2),
      row.firstByteP99Ms.toFixed(2),
      row.throughputMbPerSecond.toFixed(0),
      row.cpuMsPerMb.toFixed(2),
      `${row.streams}`,
      `${row.allocations}`,
      `${row.collections}`,
      row.collectionMs.toFixed(0),
      (row.rssBytes / mib).toFixed(0),
      (row.heapBytes / mib).toFixed(1),
    ]),
  )
}

function bodyTable(rows: readonly BodyRow[]): string {
  const peaks = ['peak MiB', 'peak MiB, client pauses']
  const ways: Readonly<Record<string, string>> = { sluice: 'optimised (sluice)' }
  return table(
    ['body', 'way', 'TTFB ms', 'total ms', ...peaks],
    rows.map((row) => [
      row.name,
      ways[row.kind] ?? row.kind,
      row.firstByteMs.toFixed(2),
      row.totalMs.toFixed(1),
      (row.peakBytes / mib).toFixed(1),
      (row.peakPausedBytes / mib).toFixed(1),
    ]),
  )
}

function verdictLines(verdict: PoolVerdict): string[] {
  const { savesAllocations, keepsThroughput, savedShare, throughputRatio, cpuRatio } = verdict
  const word = (holds: boolean): string => (holds ? 'PASS' : 'FAIL')
  return [
    `${word(savesAllocations)} allocations: ${verdict.allocationsWithPool} with the pool, ` +
      `${verdict.allocationsWithout} without: ${(savedShare * 100).toFixed(2)} % fewer`,
    `${word(keepsThroughput)} throughput: ${throughputRatio.toFixed(2)} of that without the pool ` +
      `at ${cpuRatio.toFixed(2)} of its CPU; differences below ${noiseShare * 100} % are noise`,
  ]
}

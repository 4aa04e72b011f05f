/** The streaming benchmark runs, judges, and writes what it found. */
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootDirectory } from '../kit/binary.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('bench/streaming-benchmark.ts --quick', async () => {
  const file = join(directory, 'results.json')
  const child = Bun.spawn(
    [process.execPath, '--expose-gc', 'bench/streaming-benchmark.ts', '--quick', '--out', file],
    { cwd: rootDirectory, stdout: 'pipe', stderr: 'pipe' },
  )
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const exitCode = await child.exited
  const [stdout, stderr] = await output
  expect(exitCode, stderr).toBe(0)
  expect(stdout).toContain('PASS allocations')
  expect(stdout).toContain('Recommended: STREAM_RESPONSE_CHUNK_SIZE=')

  const results = await Bun.file(file).json()
  expect(results.quick).toBe(true)
  expect(results.verdict.savedShare).toBeGreaterThanOrEqual(0.99)
  const sizes = [4, 8, 16, 32, 64, 128].flatMap((kib) => [kib * 1024, kib * 1024])
  expect(results.chunkSizes.map((row: { chunkBytes: number }) => row.chunkBytes)).toEqual(sizes)
  for (const row of results.chunkSizes) {
    for (const [name, value] of Object.entries(row)) {
      if (name !== 'pool') expect(value, name).toBeGreaterThanOrEqual(0)
    }
    expect(row.throughputMbPerSecond).toBeGreaterThan(0)
    expect(row.cpuMsPerMb).toBeGreaterThan(0)
    // Every stream is cut inside events, so none does without a buffer.
    if (!row.pool) expect(row.allocations).toBeGreaterThanOrEqual(row.streams)
  }
  expect(results.bodies.length).toBe(9)
  const large = results.bodies.filter((row: { bodyBytes: number }) => row.bodyBytes > 50_000_000)
  const [buffered, , own] = large
  // Who reads everything first holds it; who relays does not.
  expect(buffered.peakPausedBytes).toBeGreaterThan(50_000_000)
  expect(own.peakPausedBytes).toBeLessThan(buffered.peakPausedBytes)
  expect(own.firstByteMs).toBeLessThan(buffered.firstByteMs)
}, 120_000)

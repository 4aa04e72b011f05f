/** The profiles of the benches: what they print is right, and what they write can be opened. */
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { growthOf } from '../../bench/profile/growth.ts'
import { classesOf, grown } from '../../bench/profile/heap.ts'
import { profileOptions } from '../../bench/profile/options.ts'
import { summaryOf } from '../../bench/profile/top.ts'
import { dialectsOf } from '../../bench/profile/workload.ts'
import type { ProfileNode } from '../../src/observe/profile/cpu-profile.ts'
import { rootDirectory } from '../kit/binary.ts'
import { readCpuProfile, readHeapSnapshot } from '../kit/profile-files.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function node(id: number, functionName: string, children: number[] = []): ProfileNode {
  const url = functionName.startsWith('(') ? '' : 'file:///here/a.ts'
  const callFrame = { functionName, scriptId: '1', url, lineNumber: 6, columnNumber: 0 }
  return { id, callFrame, hitCount: 0, children }
}

test('a function has what it took itself, and with all that it called, once', () => {
  const { functions, ...rest } = summaryOf(
    {
      // `walk` calls `leaf`, and itself.
      nodes: [
        node(1, '(root)', [2, 5]),
        node(2, 'walk', [3, 4]),
        node(3, 'walk'),
        node(4, 'leaf'),
        node(5, '(idle)'),
      ],
      startTime: 0,
      endTime: 10_000,
      samples: [5, 2, 3, 4, 5],
      timeDeltas: [0, 1000, 2000, 3000, 1500],
    },
    'file:///here/',
  )
  expect(rest).toEqual({ durationMs: 10, idleMs: 3.5, busyMs: 6.5 })
  expect(functions).toEqual([
    { name: 'walk', where: 'a.ts:7', selfMs: 5, totalMs: 6.5 },
    { name: 'leaf', where: 'a.ts:7', selfMs: 1.5, totalMs: 1.5 },
  ])
})

describe('a heap', () => {
  const mib = 1024 * 1024
  const rounds = Array.from({ length: 12 }, (_, round) => round)

  test.each<[string, readonly number[], boolean]>([
    ['is still', rounds.map(() => 20 * mib), false],
    ['breathes', rounds.map((round) => (20 + (round % 3) * 2) * mib), false],
    ['grows with each round', rounds.map((round) => (20 + round) * mib), true],
    ['grows, but for one outlier', rounds.map((r) => (r === 5 ? 5 : 20 + r) * mib), true],
    ['grows by less than what is noise', rounds.map((r) => 20 * mib + r * 10_000), false],
    ['is larger only in the end', rounds.map((r) => (r === 11 ? 30 : 20) * mib), false],
  ])('that %s', (_, readings, grows) => {
    expect(growthOf(readings).grows).toBe(grows)
  })

  test('grows by so much a round', () => {
    expect(growthOf(rounds.map((round) => 20 * mib + round * 1000)).bytesPerRound).toBe(1000)
  })
})

test('a snapshot is summed up by class, and what it has more than another is told', () => {
  const snapshotOf = (nodes: number[]): string => {
    const file = join(directory, `${nodes.length}.heapsnapshot`)
    const meta = {
      node_fields: ['type', 'name', 'id', 'self_size', 'edge_count'],
      node_types: [['object', 'string', 'closure']],
    }
    const strings = ['', 'Exchange', 'a secret text', 'handle']
    writeFileSync(file, JSON.stringify({ snapshot: { meta }, nodes, edges: [], strings }))
    return file
  }
  const first = [0, 1, 1, 100, 0, 1, 2, 2, 40, 0]
  const more = [...first, 0, 1, 3, 100, 0, 2, 3, 4, 32, 0, 1, 2, 5, 8, 0]
  const before = classesOf(snapshotOf(first))
  expect([...before.values()]).toEqual([
    { name: 'Exchange', count: 1, bytes: 100 },
    // What a text says is not its class.
    { name: '(string)', count: 1, bytes: 40 },
  ])
  expect(grown(before, classesOf(snapshotOf(more)))).toEqual([
    { name: 'Exchange', count: 1, bytes: 100 },
    { name: '(closure)', count: 1, bytes: 32 },
    { name: '(string)', count: 1, bytes: 8 },
  ])
})

test('what is asked for is bounded, and both ways to write a pair of dialects are read', () => {
  const usual = { seconds: 10, warmUp: 300 }
  const { workload, seconds } = profileOptions(['--streams', '3', '--seconds', '2'], usual)
  expect([workload.streams, workload.events, seconds]).toEqual([3, 100, 2])
  for (const words of [
    ['--seconds', '0'],
    ['--streams', '1001'],
    ['--events', 'many'],
    ['--x'],
    ['--translate', 'a:b'],
  ]) {
    expect(() => profileOptions(words, usual)).toThrow()
  }
  expect(dialectsOf('openai->anthropic')).toEqual(dialectsOf('openai:anthropic'))
  expect(dialectsOf('gemini').place).toBe('gemini')
  expect(() => dialectsOf('openai->latin')).toThrow('--translate must be one of')
})

const small = ['--streams', '4', '--events', '20', '--out', directory]

async function run(script: string, words: readonly string[]) {
  const command = [process.execPath, join('bench', script), ...small, ...words]
  const child = Bun.spawn(command, { cwd: rootDirectory, stdout: 'pipe', stderr: 'pipe' })
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const exitCode = await child.exited
  const [stdout, stderr] = await output
  return { exitCode, stdout, stderr }
}

const writtenFiles = (suffix: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(directory, name))

test('bench/profile-cpu.ts', async () => {
  const words = ['--seconds', '1', '--warm-up', '20', '--translate', 'openai->anthropic']
  const { exitCode, stdout, stderr } = await run('profile-cpu.ts', words)
  expect(exitCode, stderr).toBe(0)
  expect(stdout).toContain('openai->anthropic, 4 streams at a time, 20 events of 16 characters')
  const [file = '', ...others] = writtenFiles('.cpuprofile')
  expect(others).toEqual([])
  expect(stdout).toContain(file)
  const { functions } = summaryOf(readCpuProfile(file))
  // It is the program that was profiled, and neither the client nor the provider of the bench.
  expect(functions.some(({ where }) => where.includes('/src/gateway/handle.ts'))).toBe(true)
  expect(functions.filter(({ where }) => where.includes('/bench/load/client.ts'))).toEqual([])
}, 60_000)

test('bench/profile-memory.ts', async () => {
  const words = ['--seconds', '1', '--warm-up', '50', '--rows', '3']
  const { exitCode, stdout, stderr } = await run('profile-memory.ts', words)
  expect(stderr).toBe('')
  expect(stdout).toContain(exitCode === 0 ? 'PASS growth' : 'FAIL growth')
  expect(stdout.match(/^\d+ +\d+\.\d\d +\d+ +\d+$/gm)).toHaveLength(12)
  const files = writtenFiles('-before.heapsnapshot').concat(writtenFiles('-after.heapsnapshot'))
  expect(files).toHaveLength(2)
  for (const file of files) {
    readHeapSnapshot(file)
    expect(stdout).toContain(file)
  }
}, 60_000)

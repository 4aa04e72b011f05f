/** What a machine allows a worker, and what is read of the process. */
import { expect, test } from 'bun:test'
import { closeSync, openSync } from 'node:fs'
import { totalmem } from 'node:os'
import { cgroupLimits, overloadLimits, requestsFor } from '../../src/admission/limits.ts'
import { Overload, type OverloadActions } from '../../src/admission/overload.ts'
import { openGauge, SAMPLE_PERIOD_MS, startSampling } from '../../src/admission/sampler.ts'
import { eventually } from '../kit/signal.ts'

const settings = {
  memoryBytesMax: null,
  eventLoopLagMaxMs: 1000,
  concurrentRequestsMax: 20_000,
}

/** The files of a machine. */
const machine =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string | null =>
    files[path] ?? null

test('workers share three quarters of the memory, and a given limit is of each', () => {
  const one = overloadLimits(settings, 1).memoryBytesMax
  expect(one).toBeGreaterThan(0)
  expect(one).toBeLessThanOrEqual(totalmem() * 0.75)
  expect(overloadLimits(settings, 4).memoryBytesMax).toBe(Math.floor(one / 4))
  expect(overloadLimits({ ...settings, memoryBytesMax: 77 }, 4).memoryBytesMax).toBe(77)
  expect(overloadLimits({ ...settings, memoryBytesMax: 0 }, 4).memoryBytesMax).toBe(0)
})

test('each request may need two descriptors, and some are left for the operator', () => {
  expect([1_000_000, 20_000, 1024, 64, 20, 1].map(requestsFor)).toEqual([
    499_968, 9968, 480, 16, 5, 1,
  ])
  for (const descriptors of [64, 1024, 20_000]) {
    expect(requestsFor(descriptors) * 2).toBeLessThan(descriptors)
  }
  const { concurrentRequestsMax } = overloadLimits({ ...settings, concurrentRequestsMax: 3 }, 1)
  expect(concurrentRequestsMax).toBe(3)
})

test('the limits of control groups: of the group and of all above, in both versions', () => {
  const second = machine({
    '/proc/self/cgroup': '0::/system.slice/sluice.service\n',
    '/sys/fs/cgroup/system.slice/sluice.service/memory.max': 'max\n',
    '/sys/fs/cgroup/system.slice/memory.max': '2000000\n',
  })
  expect(cgroupLimits(second)).toEqual([2_000_000])
  const container = machine({
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/memory.max': '536870912\n',
  })
  expect(cgroupLimits(container)).toEqual([536_870_912])
  const first = machine({
    '/proc/self/cgroup': '5:cpu,cpuacct:/\n4:memory:/docker/a:b\n0::/ignored\n',
    '/sys/fs/cgroup/memory/docker/a:b/memory.limit_in_bytes': '1000000\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
  })
  expect(Math.min(...cgroupLimits(first))).toBe(1_000_000)
  expect(cgroupLimits(machine({}))).toEqual([])
})

test('the process is read: memory, and descriptors where the system says', () => {
  const gauge = openGauge()
  const before = gauge.read()
  const rssBytes = process.memoryUsage.rss()
  expect(Math.abs(before.memoryBytes / rssBytes - 1)).toBeLessThan(0.1)
  const files = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'))
  const after = gauge.read()
  for (const file of files) closeSync(file)
  gauge.close()
  if (process.platform === 'linux') {
    expect((after.descriptorsOpen ?? 0) - (before.descriptorsOpen ?? 0)).toBe(20)
  } else {
    expect([null, 20]).toContain(after.descriptorsOpen)
  }
})

/** An overload that keeps how late each look was, and does nothing about it. */
function watched() {
  const actions: OverloadActions = { evict: () => false, collectGarbage() {}, changed() {} }
  const lateness: number[] = []
  const overload = new Overload(overloadLimits(settings, 1), actions)
  const sample = overload.sample.bind(overload)
  overload.sample = (readings, now) => {
    lateness.push(readings.latenessMs)
    sample(readings, now)
  }
  const read = () => ({ memoryBytes: 1, descriptorsOpen: null })
  const stop = startSampling(overload, () => {}, { read, close() {} })
  return { overload, lateness, stop }
}

test('a blocked event loop makes the timer late, and a stopped timer sees no more', async () => {
  const first = watched()
  await eventually(() => first.lateness.length === 1, 'the first look')
  const untilMs = performance.now() + SAMPLE_PERIOD_MS + 400
  while (performance.now() < untilMs);
  await eventually(() => first.lateness.length === 2, 'the late look')
  expect(first.lateness[1]).toBeGreaterThan(350)
  expect(first.overload.view().memory.bytes).toBe(1)
  first.stop()
  first.stop()
  const second = watched()
  await eventually(() => second.lateness.length === 2, 'looks of another')
  second.stop()
  expect(first.lateness.length).toBe(2)
})

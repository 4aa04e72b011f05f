import { expect, test } from 'bun:test'
import {
  type CpuProfile,
  type ProfileNode,
  startCpuProfile,
  withIdleTime,
} from '../../../src/observe/profile/cpu-profile.ts'
import { checkCpuProfile } from '../../kit/profile-files.ts'

const node = (id: number, functionName: string, hitCount: number, children?: number[]) => {
  const callFrame = { functionName, scriptId: '1', url: '', lineNumber: 0, columnNumber: 0 }
  return { id, callFrame, hitCount, ...(children && { children }) } satisfies ProfileNode
}

/** How long each function ran, as a viewer adds it up: a sample lasts until the next one. */
function selfTimes({ nodes, samples, timeDeltas, startTime, endTime }: CpuProfile) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]))
  const times: Record<string, number> = {}
  let left = endTime - startTime
  for (const delta of timeDeltas) left -= delta
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '?'
    times[name] = (times[name] ?? 0) + (timeDeltas[index + 1] ?? left)
  }
  return times
}

test('what lies between samples is idle time, and not that of the last function', () => {
  const recorded: CpuProfile = {
    nodes: [node(1, '(root)', 0, [2]), node(2, 'work', 4)],
    startTime: 0,
    endTime: 100_000,
    samples: [2, 2, 2, 2],
    timeDeltas: [20_000, 1200, 50_000, 1100],
  }
  const profile = withIdleTime(recorded)
  checkCpuProfile(profile)
  // Four samples, each of which ended within a millisecond or with the next one.
  expect(selfTimes(profile)).toEqual({ '(idle)': 95_700, work: 4300 })
})

test('of nothing at all there is a profile', () => {
  const empty = { nodes: [], startTime: 0, endTime: 9000, samples: [], timeDeltas: [] }
  const profile = withIdleTime(empty)
  checkCpuProfile(profile)
  expect(selfTimes(profile)).toEqual({ '(idle)': 9000 })
})

function burn(forMs: number): void {
  const startedAtMs = performance.now()
  while (performance.now() - startedAtMs < forMs) Math.hypot(1, 2)
}

test('this process: what worked is found, and one can be taken after another', async () => {
  for (let round = 0; round < 2; round += 1) {
    const stop = await startCpuProfile()
    burn(60)
    await Bun.sleep(60)
    burn(60)
    const profile = await stop()
    checkCpuProfile(profile)
    const times = selfTimes(profile)
    const { burn: burned = 0, '(idle)': idle = 0 } = times
    const { hypot = 0, now = 0 } = times
    // Of 120 ms of work and 60 of none, as much as a busy machine leaves of them.
    expect(burned + hypot + now).toBeGreaterThan(20_000)
    expect(idle).toBeGreaterThan(30_000)
  }
})

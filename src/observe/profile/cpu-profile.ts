/** What the processor did in JavaScript, in the format that Chrome's developer tools open. */
import { Session } from 'node:inspector'
import { nowMs } from '../../core/clock.ts'

/** A function at one place of the call tree. Lines and columns count from 0. */
export interface ProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly scriptId: string
    readonly url: string
    readonly lineNumber: number
    readonly columnNumber: number
  }
  /** Samples in which it was the innermost one. */
  readonly hitCount: number
  readonly children?: readonly number[]
}

/** The content of a `.cpuprofile` file. Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly startTime: number
  readonly endTime: number
  /** The node of each sample. */
  readonly samples: readonly number[]
  /** The time from the sample before to each; of the first from `startTime`. */
  readonly timeDeltas: readonly number[]
}

/** How often a sample is wanted. The runtime takes them up to a quarter further apart. */
const INTERVAL_MICROSECONDS = 1000

/** What is further apart had something else than JavaScript in between. */
const IDLE_MICROSECONDS = 4 * INTERVAL_MICROSECONDS

/**
 * Begins to record this process. @returns what ends it, once.
 * @throws Error where the runtime has no profiler, or one is running.
 */
export async function startCpuProfile(): Promise<() => Promise<CpuProfile>> {
  const session = new Session()
  session.connect()
  await post(session, 'Profiler.enable')
  await post(session, 'Profiler.setSamplingInterval', { interval: INTERVAL_MICROSECONDS })
  await post(session, 'Profiler.start')
  const startedAtMs = nowMs()
  return async () => {
    const { profile } = (await post(session, 'Profiler.stop')) as { profile: CpuProfile }
    await post(session, 'Profiler.disable')
    session.disconnect()
    // The runtime's end is its last sample.
    const lastedMicroseconds = Math.round((nowMs() - startedAtMs) * 1000)
    const endTime = Math.max(profile.endTime, profile.startTime + lastedMicroseconds)
    return withIdleTime({ ...profile, endTime })
  }
}

function post(session: Session, method: string, parameters: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => {
      if (error === null) resolve(result)
      else reject(error)
    })
  })
}

/**
 * The runtime takes samples only while JavaScript runs. A viewer would count the time until the
 * next one for the function that ran last, so what lies between is made idle time.
 */
export function withIdleTime(profile: CpuProfile): CpuProfile {
  const [root, ...others] = profile.nodes
  const rootId = root?.id ?? 1
  const idleId = Math.max(rootId, ...others.map(({ id }) => id)) + 1
  const samples: number[] = []
  const timeDeltas: number[] = []
  const add = (sample: number, delta: number): void => {
    samples.push(sample)
    timeDeltas.push(delta)
  }
  // Before the first sample nothing ran that is known.
  add(idleId, 0)
  let sinceStart = 0
  for (const [index, sample] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0
    sinceStart += delta
    const isIdle = delta > IDLE_MICROSECONDS
    if (isIdle) add(idleId, INTERVAL_MICROSECONDS)
    add(sample, isIdle ? delta - INTERVAL_MICROSECONDS : delta)
  }
  const left = profile.endTime - profile.startTime - sinceStart
  if (left > IDLE_MICROSECONDS) add(idleId, INTERVAL_MICROSECONDS)
  const idle = frameless(idleId, '(idle)', samples.filter((id) => id === idleId).length)
  const children = [...(root?.children ?? []), idleId]
  const nodes = [{ ...(root ?? frameless(rootId, '(root)', 0)), children }, ...others, idle]
  return { ...profile, nodes, samples, timeDeltas }
}

function frameless(id: number, functionName: string, hitCount: number): ProfileNode {
  const nowhere = { scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 }
  return { id, callFrame: { functionName, ...nowhere }, hitCount }
}

/** What of a CPU profile a person wants to see first: which functions took the time. */
import type { CpuProfile, ProfileNode } from '../../src/observe/profile/cpu-profile.ts'

/** One function, wherever it was called from. Times in milliseconds. */
export interface FunctionCost {
  readonly name: string
  /** File and line, or `runtime`. */
  readonly where: string
  readonly selfMs: number
  /** With what it called. */
  readonly totalMs: number
}

/** What a profile comes to. */
export interface ProfileSummary {
  readonly durationMs: number
  readonly idleMs: number
  /** In JavaScript. */
  readonly busyMs: number
  /** All that ran, those that took most first. */
  readonly functions: readonly FunctionCost[]
}

/** @param rootUrl what file names are told without, such as `file:///home/me/sluice/`. */
export function summaryOf(profile: CpuProfile, rootUrl = ''): ProfileSummary {
  const { nodes, samples, timeDeltas, startTime, endTime } = profile
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const selfMicros = new Map<number, number>()
  let left = endTime - startTime
  for (const delta of timeDeltas) left -= delta
  for (const [index, id] of samples.entries()) {
    const lasted = timeDeltas[index + 1] ?? Math.max(0, left)
    selfMicros.set(id, (selfMicros.get(id) ?? 0) + lasted)
  }
  const costs = new Costs(rootUrl)
  const root = nodes[0]
  if (root !== undefined) costs.visit(root, byId, selfMicros, new Set())
  const all = [...costs.byFunction.values()]
  const idleMs = all.find(({ name }) => name === '(idle)')?.selfMs ?? 0
  const functions = all
    .filter(({ name }) => name !== '(idle)' && name !== '(root)')
    .sort((one, other) => other.selfMs - one.selfMs)
  const busyMs = functions.reduce((sum, { selfMs }) => sum + selfMs, 0)
  return { durationMs: (endTime - startTime) / 1000, idleMs, busyMs, functions }
}

class Costs {
  readonly byFunction = new Map<
    string,
    { -readonly [Key in keyof FunctionCost]: FunctionCost[Key] }
  >()
  readonly #rootUrl: string

  constructor(rootUrl: string) {
    this.#rootUrl = rootUrl
  }

  /** @returns the microseconds of the node with all below it. */
  visit(
    node: ProfileNode,
    byId: ReadonlyMap<number, ProfileNode>,
    selfMicros: ReadonlyMap<number, number>,
    above: ReadonlySet<string>,
  ): number {
    const key = this.#keyOf(node)
    const self = selfMicros.get(node.id) ?? 0
    const inside = new Set(above).add(key)
    let total = self
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child !== undefined) total += this.visit(child, byId, selfMicros, inside)
    }
    const cost = this.byFunction.get(key) ?? { ...this.#nameOf(node), selfMs: 0, totalMs: 0 }
    cost.selfMs += self / 1000
    // A function that calls itself has its time once.
    if (!above.has(key)) cost.totalMs += total / 1000
    this.byFunction.set(key, cost)
    return total
  }

  #keyOf({ callFrame }: ProfileNode): string {
    return `${callFrame.functionName} ${callFrame.url}:${callFrame.lineNumber}`
  }

  #nameOf({ callFrame }: ProfileNode): Pick<FunctionCost, 'name' | 'where'> {
    const { functionName, url, lineNumber } = callFrame
    const file = url.startsWith(this.#rootUrl) ? url.slice(this.#rootUrl.length) : url
    const where = url === '' ? 'runtime' : `${file}:${lineNumber + 1}`
    return { name: functionName === '' ? '(anonymous)' : functionName, where }
  }
}

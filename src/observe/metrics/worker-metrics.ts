/** What workers tell each other of their metrics. */
import { isObject } from '../../core/json.ts'
import type { TableCounts } from './series-table.ts'
import type { Sample } from './worker-state.ts'

/** What a worker answers when it is asked for its metrics, and what it leaves. Survives JSON. */
export interface WorkerMetrics {
  /** Of this worker, and of those whose counts are in here because it has inherited them. */
  readonly source: string
  readonly inherited: readonly string[]
  readonly tables: Readonly<Record<string, TableCounts>>
  readonly states: Readonly<Record<string, readonly Sample[]>>
}

/**
 * What a worker told, or null for anything else. The other end is this program, in another version
 * at most: tables of another shape and metrics that are not there are left out by who adds them.
 */
export function toWorkerMetrics(value: unknown): WorkerMetrics | null {
  if (!isObject(value)) return null
  const { source, inherited, tables, states } = value
  const isOne = typeof source === 'string' && Array.isArray(inherited)
  return isOne && isObject(tables) && isObject(states) ? (value as unknown as WorkerMetrics) : null
}

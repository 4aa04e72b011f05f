/** What parent and worker say to each other over the channel that the spawn opened. */
import type { Config } from '../config/config.ts'
import { isObject } from '../core/json.ts'

/** Which worker of how many a process is. */
export interface WorkerIdentity {
  readonly id: number
  readonly total: number
}

/** From the parent. The configuration travels here and not in the environment of the worker. */
export type ToWorker =
  | { readonly type: 'start'; readonly config: Config; readonly worker: WorkerIdentity }
  /** Obey this from now on, and say whether that is possible. */
  | { readonly type: 'reload'; readonly config: Config }
  /** Another worker told this. */
  | { readonly type: 'news'; readonly news: object }
  /** Finish what is under way, within the grace time, and leave; a successor may listen already. */
  | { readonly type: 'drain'; readonly isReplaced: boolean }
  /** Leave now. */
  | { readonly type: 'stop' }

/** From the worker. */
export type FromWorker =
  /** It listens; `url` has the real port. */
  | { readonly type: 'ready'; readonly url: string }
  /** It does not listen any more; what is under way goes on. */
  | { readonly type: 'closed' }
  /** It obeys the configuration of this count, or cannot for a reason and obeys the one before. */
  | { readonly type: 'reloaded'; readonly count: number; readonly refusal: string | null }
  /** The others should know this; the parent only passes it on. */
  | { readonly type: 'news'; readonly news: object }
  /** It cannot start, and waits to be ended. */
  | { readonly type: 'failed'; readonly reason: string }

/** A message of the parent, or null for anything else. */
export function toWorkerMessage(value: unknown): ToWorker | null {
  if (!isObject(value)) return null
  switch (value.type) {
    case 'start':
    case 'reload':
    case 'news':
    case 'drain':
    case 'stop':
      // The other end is this very program, so what follows the type is what was written there.
      return value as unknown as ToWorker
    default:
      return null
  }
}

/** A message of a worker, or null for anything else. */
export function fromWorkerMessage(value: unknown): FromWorker | null {
  if (!isObject(value)) return null
  if (value.type === 'ready' && typeof value.url === 'string') {
    return { type: 'ready', url: value.url }
  }
  if (value.type === 'reloaded' && typeof value.count === 'number') {
    const refusal = typeof value.refusal === 'string' ? value.refusal : null
    return { type: 'reloaded', count: value.count, refusal }
  }
  if (value.type === 'news' && isObject(value.news)) return { type: 'news', news: value.news }
  if (value.type === 'closed') return { type: 'closed' }
  if (value.type === 'failed' && typeof value.reason === 'string') {
    return { type: 'failed', reason: value.reason }
  }
  return null
}

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
  /** One of the workers asks this; `answer` under the same number. */
  | {
      readonly type: 'question'
      readonly id: number
      readonly topic: string
      readonly detail: unknown
    }
  /** What they answered to the question of this number. */
  | { readonly type: 'answers'; readonly id: number; readonly values: readonly unknown[] }
  /** What the worker that had this one's place before has left. */
  | { readonly type: 'inherit'; readonly value: unknown }
  /** What it left is in good hands: it may leave when it has answered what it was asked. */
  | { readonly type: 'release' }
  /** Finish what is under way, within the grace time, and leave; a successor may listen already. */
  | { readonly type: 'drain'; readonly isReplaced: boolean }
  /** Write a CPU profile and a heap snapshot. */
  | { readonly type: 'profile' }
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
  /** A question for all of them. */
  | { readonly type: 'ask'; readonly id: number; readonly topic: string; readonly detail: unknown }
  /** What it answers to the question of this number. */
  | { readonly type: 'answer'; readonly id: number; readonly values: readonly unknown[] }
  /** It has finished, and leaves this to whoever has its place now. */
  | { readonly type: 'bequest'; readonly value: unknown }
  /** It cannot start, and waits to be ended. */
  | { readonly type: 'failed'; readonly reason: string }

/** A message of the parent, or null for anything else. */
export function toWorkerMessage(value: unknown): ToWorker | null {
  if (!isObject(value)) return null
  switch (value.type) {
    case 'start':
    case 'reload':
    case 'news':
    case 'question':
    case 'answers':
    case 'inherit':
    case 'release':
    case 'profile':
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
  if (value.type === 'ask' && typeof value.id === 'number' && typeof value.topic === 'string') {
    return { type: 'ask', id: value.id, topic: value.topic, detail: value.detail ?? null }
  }
  if (value.type === 'answer' && typeof value.id === 'number' && Array.isArray(value.values)) {
    return { type: 'answer', id: value.id, values: value.values }
  }
  if (value.type === 'bequest') return { type: 'bequest', value: value.value ?? null }
  if (value.type === 'closed') return { type: 'closed' }
  if (value.type === 'failed' && typeof value.reason === 'string') {
    return { type: 'failed', reason: value.reason }
  }
  return null
}

/** News between workers: what one tells the others, by their parent. */
import type { NewsChannel } from '../store/store.ts'

/** What one worker tells the others. */
export type News =
  | {
      readonly type: 'breaker'
      readonly target: string
      readonly override: 'auto' | 'open' | 'closed'
    }
  | { readonly type: 'told'; readonly topic: string; readonly text: string }

/** The channel of a store whose news travel by the parent. */
export interface ParentNews extends NewsChannel {
  /** Takes in what another worker published. */
  hear(topic: string, text: string): void
}

/** @param announce tells the other workers; absent where there are none. */
export function parentNews(announce: ((news: News) => void) | undefined): ParentNews {
  const listeners = new Map<string, Set<(text: string) => void>>()
  return {
    publish: (topic, text) => announce?.({ type: 'told', topic, text }),
    subscribe(topic, hear) {
      const all = listeners.get(topic) ?? new Set()
      listeners.set(topic, all.add(hear))
      return () => void all.delete(hear)
    },
    hear(topic, text) {
      for (const hear of listeners.get(topic) ?? []) hear(text)
    },
  }
}

/** News between stores of one process, as a parent passes them on: later, and to all others. */
import type { NewsChannel } from '../../src/store/store.ts'

/** What connects channels. */
export class NewsHub {
  readonly #channels = new Set<Map<string, Set<(text: string) => void>>>()
  /** What was published so far. */
  readonly published: string[] = []

  /** Listeners that are left, of all channels. */
  get listening(): number {
    let count = 0
    for (const topics of this.#channels) for (const all of topics.values()) count += all.size
    return count
  }

  /** A channel to all others. @param isDeaf it tells, and never hears. */
  channel(isDeaf = false): NewsChannel {
    const own = new Map<string, Set<(text: string) => void>>()
    this.#channels.add(own)
    return {
      publish: (topic, text) => {
        this.published.push(text)
        for (const topics of this.#channels) {
          if (topics === own) continue
          setImmediate(() => {
            for (const hear of topics.get(topic) ?? []) hear(text)
          })
        }
      },
      subscribe: (topic, hear) => {
        if (isDeaf) return () => {}
        const all = own.get(topic) ?? new Set()
        own.set(topic, all.add(hear))
        return () => void all.delete(hear)
      },
    }
  }
}

/** All workers of one machine as one: a question that every one of them answers for itself. */

/** What a worker answers a question with; anything that survives JSON. */
export type Responder = (detail: unknown) => unknown

/** The workers that share the port. */
export interface Fleet {
  /**
   * Puts a question to all workers, this one included, and to those that still drain. The answers
   * come in no order; a worker that does not answer in time is left out. Never rejects.
   * @param detail anything that survives JSON.
   */
  ask(topic: string, detail?: unknown): Promise<readonly unknown[]>
  /** How this worker answers a topic. A topic that nobody answers has no answers. */
  answer(topic: string, respond: Responder): void
}

/** The fleet of a process that is alone. */
export function soloFleet(): Fleet {
  const responders = new Map<string, Responder>()
  return {
    async ask(topic, detail = null) {
      const respond = responders.get(topic)
      if (respond === undefined) return []
      try {
        return [await respond(detail)]
      } catch {
        return []
      }
    },
    answer: (topic, respond) => void responders.set(topic, respond),
  }
}

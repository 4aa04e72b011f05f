/** The workers of the machine as one of them sees them: it asks the others through the parent. */
import { type Fleet, type Responder, soloFleet } from '../core/fleet.ts'
import type { FromWorker } from './messages.ts'

/** A worker that is too busy to answer for this long is left out of the parent's answer. */
export const answerLimitMs = 1000

/** How much longer the parent's own answer may take, which is about what they said. */
const parentLimitMs = answerLimitMs + 500

/** The questions and the answers of one worker. */
export class WorkerFleet implements Fleet {
  readonly #own = soloFleet()
  readonly #send: (message: FromWorker) => Promise<void>
  /** Who waits for the answers, by the number of the question. */
  readonly #waiting = new Map<number, (answers: readonly unknown[]) => void>()
  readonly #answering = new Set<Promise<void>>()
  #asked = 0

  /** @param send writes to the parent; resolves when that has left. */
  constructor(send: (message: FromWorker) => Promise<void>) {
    this.#send = send
  }

  async ask(topic: string, detail: unknown = null): Promise<readonly unknown[]> {
    // A parent that does not answer is not there; then this worker is all there is.
    return (await this.#askAll(topic, detail)) ?? (await inTime(this.#own.ask(topic, detail)))
  }

  answer(topic: string, respond: Responder): void {
    this.#own.answer(topic, respond)
  }

  /** Answers a question that one of them put, this one included. */
  question(id: number, topic: string, detail: unknown): void {
    const answering = this.#own
      .ask(topic, detail)
      .then((values) => this.#send({ type: 'answer', id, values }))
      .finally(() => this.#answering.delete(answering))
    this.#answering.add(answering)
  }

  /** Resolves when it has answered all that it was asked. */
  async whenAnswered(): Promise<void> {
    await Promise.all(this.#answering)
  }

  /** Takes in what all of them answered. */
  answers(id: number, values: readonly unknown[]): void {
    this.#waiting.get(id)?.(values)
  }

  async #askAll(topic: string, detail: unknown): Promise<readonly unknown[] | null> {
    this.#asked += 1
    const id = this.#asked
    const { promise, resolve } = Promise.withResolvers<readonly unknown[] | null>()
    const timer = setTimeout(() => resolve(null), parentLimitMs)
    this.#waiting.set(id, resolve)
    void this.#send({ type: 'ask', id, topic, detail })
    const values = await promise
    clearTimeout(timer)
    this.#waiting.delete(id)
    return values
  }
}

/** What comes of an answer within the limit; nothing where that is over. */
async function inTime(answer: Promise<readonly unknown[]>): Promise<readonly unknown[]> {
  const { promise, resolve } = Promise.withResolvers<readonly unknown[]>()
  const timer = setTimeout(() => resolve([]), answerLimitMs)
  const values = await Promise.race([answer, promise])
  clearTimeout(timer)
  return values
}

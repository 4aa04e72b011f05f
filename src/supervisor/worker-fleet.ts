/** The workers of the machine as one of them sees them: it asks the others through the parent. */
import { type Fleet, type Responder, soloFleet } from '../core/fleet.ts'
import type { FromWorker } from './messages.ts'

/** A worker that is too busy to answer for this long is left out of the parent's answer. */
export const answerLimitMs = 1000

/** How much longer the parent's own answer may take, which is about what the others said. */
const parentLimitMs = answerLimitMs + 500

/** The questions and the answers of one worker. */
export class WorkerFleet implements Fleet {
  readonly #own = soloFleet()
  readonly #send: (message: FromWorker) => void
  /** Who waits for the answers of the others, by the number of the question. */
  readonly #waiting = new Map<number, (answers: readonly unknown[]) => void>()
  #asked = 0

  /** @param send writes to the parent. */
  constructor(send: (message: FromWorker) => void) {
    this.#send = send
  }

  async ask(topic: string, detail: unknown = null): Promise<readonly unknown[]> {
    const others = this.#askOthers(topic, detail)
    const own = this.#own.ask(topic, detail)
    // Of its own answer nobody but this worker could see that it does not come.
    return [...(await others), ...(await inTime(own))]
  }

  answer(topic: string, respond: Responder): void {
    this.#own.answer(topic, respond)
  }

  /** Answers a question that another worker put. */
  async question(id: number, topic: string, detail: unknown): Promise<void> {
    this.#send({ type: 'answer', id, values: [...(await this.#own.ask(topic, detail))] })
  }

  /** Takes in what the others answered. */
  answers(id: number, values: readonly unknown[]): void {
    this.#waiting.get(id)?.(values)
  }

  async #askOthers(topic: string, detail: unknown): Promise<readonly unknown[]> {
    this.#asked += 1
    const id = this.#asked
    const { promise, resolve } = Promise.withResolvers<readonly unknown[]>()
    const timer = setTimeout(() => resolve([]), parentLimitMs)
    this.#waiting.set(id, resolve)
    this.#send({ type: 'ask', id, topic, detail })
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

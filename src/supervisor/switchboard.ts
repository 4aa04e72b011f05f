/** The parent's part in the questions of workers: it passes them on and gathers the answers. */

import { answerLimitMs } from './worker-fleet.ts'
import type { WorkerProcess } from './worker-process.ts'

/** A question that was passed on, of which answers are missing. */
interface Gathering {
  readonly missing: Set<WorkerProcess>
  readonly values: unknown[]
  readonly finish: () => void
}

/** Who was asked what. */
export class Switchboard {
  readonly #gatherings = new Map<number, Gathering>()
  #count = 0

  /**
   * Puts the question of one worker to all, and gives it what they say in time. It is asked as the
   * others are: so what one leaves to another is counted once, by whoever has it at that moment.
   */
  pass(
    from: WorkerProcess,
    id: number,
    question: { readonly topic: string; readonly detail: unknown },
    all: readonly WorkerProcess[],
  ): void {
    this.#count += 1
    const count = this.#count
    const values: unknown[] = []
    const finish = (): void => {
      clearTimeout(timer)
      this.#gatherings.delete(count)
      from.answers(id, values)
    }
    const timer = setTimeout(finish, answerLimitMs)
    this.#gatherings.set(count, { missing: new Set(all), values, finish })
    for (const each of all) each.question(count, question.topic, question.detail)
    if (all.length === 0) finish()
  }

  /** Takes in what one of them answered. */
  take(worker: WorkerProcess, count: number, values: readonly unknown[]): void {
    const gathering = this.#gatherings.get(count)
    if (!gathering?.missing.delete(worker)) return
    gathering.values.push(...values)
    if (gathering.missing.size === 0) gathering.finish()
  }

  /** It has ended, and will not answer any more. */
  forget(worker: WorkerProcess): void {
    for (const count of [...this.#gatherings.keys()]) this.take(worker, count, [])
  }
}

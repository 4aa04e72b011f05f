/**
 * Takes that would fit if other workers gave back what they drew. The others are told, once for
 * all who want the same, and the file is looked at again and again until it fits, nobody has drawn
 * any more, or it took too long.
 */
import { nowMs } from '../core/clock.ts'

/**
 * As long as the file itself is waited for, and for the same reason: where a machine is short of
 * processors, another worker may not get any for more than 100 ms.
 */
const PATIENCE_MS = 500

/** Nobody is asked again for so long after somebody did not answer: he is dead or stopped. */
const VAIN_MS = 1000

/** Pauses between two looks; others answer within a few milliseconds, or are busy. */
const PAUSE_MS = 2
const PAUSE_GROWTH = 1.5
const PAUSE_MAX_MS = 20

interface Recall<Waiting> {
  readonly untilMs: number
  pauseMs: number
  waiting: Waiting[]
  timer: ReturnType<typeof setTimeout> | null
}

/** What is asked back, by the key of its row. */
export class Recalls<Waiting> {
  readonly #ask: (rowKey: string) => void
  readonly #again: (waiting: readonly Waiting[]) => void
  readonly #recalls = new Map<string, Recall<Waiting>>()

  /**
   * @param ask tells the other workers.
   * @param again tries those that wait once more; who is refused again comes back to `wait`.
   */
  constructor(ask: (rowKey: string) => void, again: (waiting: readonly Waiting[]) => void) {
    this.#ask = ask
    this.#again = again
  }

  /** Keeps what waits, or gives false where waiting is over: then it is refused. */
  wait(rowKey: string, waiting: Waiting): boolean {
    const now = nowMs()
    let recall = this.#recalls.get(rowKey)
    if (recall === undefined || now >= recall.untilMs + VAIN_MS) {
      recall = { untilMs: now + PATIENCE_MS, pauseMs: PAUSE_MS, waiting: [], timer: null }
      this.#recalls.set(rowKey, recall)
      this.#ask(rowKey)
    } else if (now >= recall.untilMs) {
      return false
    }
    recall.waiting.push(waiting)
    this.#arm(rowKey, recall)
    return true
  }

  /** Forgets who did not answer long ago. */
  sweep(): void {
    const now = nowMs()
    for (const [rowKey, { untilMs, timer }] of this.#recalls) {
      if (timer === null && now >= untilMs + VAIN_MS) this.#recalls.delete(rowKey)
    }
  }

  /** Gives all that wait, for their last time. */
  close(): Waiting[] {
    const all: Waiting[] = []
    for (const { waiting, timer } of this.#recalls.values()) {
      if (timer !== null) clearTimeout(timer)
      all.push(...waiting)
    }
    this.#recalls.clear()
    return all
  }

  #arm(rowKey: string, recall: Recall<Waiting>): void {
    if (recall.timer !== null) return
    recall.timer = setTimeout(() => {
      recall.timer = null
      recall.pauseMs = Math.min(PAUSE_MAX_MS, recall.pauseMs * PAUSE_GROWTH)
      const { waiting } = recall
      recall.waiting = []
      this.#again(waiting)
      // Nobody came back, so there was an answer.
      const isAnswered = recall.waiting.length === 0 && nowMs() < recall.untilMs
      if (isAnswered) this.#recalls.delete(rowKey)
    }, recall.pauseMs)
  }
}

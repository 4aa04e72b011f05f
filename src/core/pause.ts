/**
 * Waits of a few requests: backoffs and hedges. Each has a timer of its own, because the sweep
 * looks too seldom for a wait of 50 ms, and because few requests ever wait like this.
 */
import { abortReason, onAbort } from './abort.ts'

/** The waits that are under way. */
export class Pauses {
  #size = 0

  /** How many timers run; zero when nothing is under way. */
  get size(): number {
    return this.#size
  }

  /**
   * Calls `run` once when `delayMs` have passed.
   * @returns a function that calls it off; safe to call at any time, any number of times.
   */
  after(delayMs: number, run: () => void): () => void {
    let isOver = false
    const end = (): void => {
      if (isOver) return
      isOver = true
      this.#size -= 1
      clearTimeout(timer)
    }
    this.#size += 1
    const timer = setTimeout(() => {
      end()
      run()
    }, delayMs)
    return end
  }

  /** Resolves when `delayMs` have passed; rejects with the signal's reason if it aborts first. */
  wait(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs <= 0 && !signal.aborted) return Promise.resolve()
    return new Promise((resolve, reject) => {
      let unlink = (): void => {}
      const forget = this.after(delayMs, () => {
        unlink()
        resolve()
      })
      unlink = onAbort(signal, () => {
        forget()
        reject(abortReason(signal))
      })
    })
  }
}

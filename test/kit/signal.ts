/** Waiting for facts in tests: by event with a deadline, never by sleeping and hoping. */

/** Wakes whoever waits for a condition each time something happened. */
export class Changes {
  readonly #waiting = new Set<() => void>()

  /** Something happened: every waiter looks again. */
  notify(): void {
    for (const look of [...this.#waiting]) look()
  }

  /**
   * Resolves when `condition` holds. It is looked at now and after each `notify`.
   * @throws Error naming `what` when `withinMs` have passed, or what `condition` throws.
   */
  until(condition: () => boolean, what: string, withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        finish()
      }
      const look = (): void => {
        try {
          if (condition()) settle(resolve)
        } catch (error) {
          settle(() => reject(error))
        }
      }
      const timer = setTimeout(() => {
        settle(() => reject(new Error(`waited ${withinMs} ms in vain: ${what}`)))
      }, withinMs)
      this.#waiting.add(look)
      look()
    })
  }
}

/**
 * Resolves when `condition` holds, looking every few milliseconds: for facts without an event,
 * such as a process that is gone.
 * @throws Error with the text of `what` when `withinMs` have passed.
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  withinMs = 5000,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadlineMs) {
      throw new Error(`after ${withinMs} ms still: ${typeof what === 'string' ? what : what()}`)
    }
    await Bun.sleep(5)
  }
}

/** Lets the event loop turn once, so that what was written leaves before more is written. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

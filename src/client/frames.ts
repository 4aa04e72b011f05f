/**
 * Changes gathered into frames, so that a view that follows a fast stream is drawn at most 60
 * times a second, and never shows less than what has come for longer than a frame.
 */

const FRAME_MS = 1000 / 60

/** Frames of a screen do not come exactly in time; one that is this early is the next one. */
const EARLY_MS = 2

/** And as much later they are made up for. */
const JITTER_MS = 4

/** So long after a change a frame has to come: a window that nobody sees gets none. */
const LATE_MS = 100

/** Runs `draw` for changes. */
export class Frames {
  readonly #draw: () => void
  /** When the next frame may come, by the clock. */
  #dueMs = Number.NEGATIVE_INFINITY
  #changedMs: number | null = null
  #frame: number | null = null
  #timer: ReturnType<typeof setTimeout> | null = null

  /** @param draw shows everything that has changed. */
  constructor(draw: () => void) {
    this.#draw = draw
  }

  /** Something changed: it is drawn with the next frame. */
  change(): void {
    const now = performance.now()
    if (this.#changedMs !== null) {
      // Timers of a hidden page come once a second, or once a minute; data comes when it comes.
      if (now - this.#changedMs > LATE_MS) this.flush()
      return
    }
    this.#changedMs = now
    this.#wait(now)
  }

  /** Draws what has changed, now. */
  flush(): void {
    this.#stopWaiting()
    if (this.#changedMs === null) return
    this.#changedMs = null
    // Counted from when this one was due, so that 60 a second are reached when some come late, and
    // never passed; one that is very late brings no others close behind it.
    this.#dueMs = Math.max(this.#dueMs, performance.now() - JITTER_MS) + FRAME_MS
    this.#draw()
  }

  /** Draws nothing more. */
  stop(): void {
    this.#stopWaiting()
    this.#changedMs = null
  }

  #wait(now: number): void {
    if (canDraw()) {
      this.#frame = requestAnimationFrame(() => this.#onFrame())
      this.#timer ??= setTimeout(() => this.flush(), LATE_MS)
    } else {
      this.#timer ??= setTimeout(() => this.flush(), Math.max(0, this.#dueMs - now))
    }
  }

  #onFrame(): void {
    this.#frame = null
    const now = performance.now()
    if (now >= this.#dueMs - EARLY_MS) this.flush()
    // A screen that is faster than 60 frames a second.
    else this.#wait(now)
  }

  #stopWaiting(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame)
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#frame = null
    this.#timer = null
  }
}

/** Whether frames come at all: not outside of browsers, and not in a page that is hidden. */
function canDraw(): boolean {
  return typeof requestAnimationFrame === 'function' && !globalThis.document?.hidden
}

/** What the page knows: the last frame, the points of the charts, and how fresh they are. */
import type { DashboardFrame, DashboardPoint } from '../../observe/dashboard/frame.ts'
import { withPoints } from './history.ts'

/**
 * How the page stands to the server.
 * - `connecting`: nothing was heard yet
 * - `live`: frames come
 * - `stale`: the connection is there, and says nothing
 * - `lost`: the connection is gone; another attempt is due at `retryAt`
 * - `locked`: the server wants the admin token first
 */
export type FeedStatus = 'connecting' | 'live' | 'stale' | 'lost' | 'locked'

/** One state of it; a new object for each change. */
export interface FeedState {
  readonly status: FeedStatus
  /** The newest; null before the first. */
  readonly frame: DashboardFrame | null
  readonly points: readonly DashboardPoint[]
  /** By this machine's clock, in milliseconds, when the newest frame came; 0 before the first. */
  readonly receivedAt: number
  /** When the connection is tried again; null where that is not planned. */
  readonly retryAt: number | null
  /** Whether there is a session that can be ended. */
  readonly hasSession: boolean
  /** Set while what is shown stands still. What comes in is kept all the same. */
  readonly isPaused: boolean
}

const initial: FeedState = {
  status: 'connecting',
  frame: null,
  points: [],
  receivedAt: 0,
  retryAt: null,
  hasSession: false,
  isPaused: false,
}

/** Holds the state and tells who listens; made for `useSyncExternalStore`. */
export class FeedStore {
  #latest: FeedState = initial
  #shown: FeedState = initial
  readonly #listeners = new Set<() => void>()

  /** What is to be shown: while paused, the frame of then. */
  get shown(): FeedState {
    return this.#shown
  }

  /** What is known, whether it is shown or not. */
  get latest(): FeedState {
    return this.#latest
  }

  /** Calls `listener` after each change, until the function that it returns is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Takes a frame in. */
  accept(frame: DashboardFrame, receivedAt: number): void {
    const points = withPoints(this.#latest.points, frame.points)
    this.#change({ frame, points, receivedAt, status: 'live', retryAt: null })
  }

  /** Notes how the connection does. */
  report(status: FeedStatus, retryAt: number | null = null): void {
    this.#change({ status, retryAt })
  }

  /** Notes whether there is a session. */
  setSession(hasSession: boolean): void {
    this.#change({ hasSession })
  }

  /** Forgets everything that came with a session. */
  lock(): void {
    this.#shown = this.#latest = initial
    this.#change({ status: 'locked' })
  }

  /** Stops what is shown, or lets it go on with the newest. */
  pause(isPaused: boolean): void {
    this.#change({ isPaused })
  }

  #change(changes: Partial<FeedState>): void {
    this.#latest = { ...this.#latest, ...changes }
    const { frame, points } = this.#latest.isPaused ? this.#shown : this.#latest
    this.#shown = { ...this.#latest, frame, points }
    for (const listener of [...this.#listeners]) listener()
  }
}

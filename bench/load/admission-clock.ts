/**
 * How long admission takes inside the served program: who it is, what limits say, the headers about
 * them, the settlement. All of it runs on the one thread without waiting, so the time that passes
 * is the processor's, but for interruptions: the longest of each part are left out for them.
 *
 * What a store does later, in a turn or a moment of its own, is timed by the callbacks that were
 * set off meanwhile.
 */
import type { Ticket } from '../../src/admission/admit.ts'
import type { Place } from '../../src/admission/quota.ts'
import type { Stages } from '../../src/gateway/handle.ts'
import { mean } from './statistics.ts'

/** Microseconds a request, by part. */
export interface AdmissionTimes {
  readonly requests: number
  /** Whose key it is, and whether there is room. */
  readonly admit: number
  /** The guess, the claims, and the taking, as far as it happens at once. */
  readonly enter: number
  readonly headers: number
  readonly settle: number
  /** What the store does in a turn of its own. */
  readonly later: number
}

/** Of each part, what took longest is what was interrupted. */
const INTERRUPTED_SHARE = 0.02

type Part = 'admit' | 'enter' | 'headers' | 'settle' | 'later'

/** A part, or nothing at all, whose time is that of the clock itself. */
type Span = Part | 'nothing'

/** Times the stages that it is laid around. Replaces the timers of the process. */
export class AdmissionClock {
  readonly #spans: Record<Span, number[]> = {
    nothing: [],
    admit: [],
    enter: [],
    headers: [],
    settle: [],
    later: [],
  }

  /** Whether what is set off now is set off by admission. */
  #isInside = false

  constructor() {
    const { setImmediate, setTimeout } = globalThis
    type Run = (...given: unknown[]) => void
    const timed = (run: Run): Run =>
      this.#isInside ? (...given) => this.#time('later', () => run(...given)) : run
    globalThis.setImmediate = Object.assign(
      (run: Run, ...given: unknown[]) => setImmediate(timed(run), ...given),
      setImmediate,
    )
    globalThis.setTimeout = Object.assign(
      (run: Run, delayMs?: number, ...given: unknown[]) =>
        setTimeout(timed(run), delayMs, ...given),
      setTimeout,
    )
  }

  /** Lays the clock around the stages of a configuration. */
  readonly around = (stages: Stages): Stages => ({
    ...stages,
    admit: (headers, search) =>
      this.#time('admit', (): Ticket | Promise<Ticket> => stages.admit(headers, search)),
    enter: (ticket, intent, plan, exchange) => {
      this.#time('nothing', () => null)
      const place = this.#time('enter', () => stages.enter(ticket, intent, plan, exchange))
      return place instanceof Promise
        ? place.then((late) => this.#timedPlace(late))
        : this.#timedPlace(place)
    },
  })

  /** What was timed since the last time this was asked. */
  read(): AdmissionTimes {
    const requests = this.#spans.enter.length
    const clockNs = meanOf(this.#spans.nothing.splice(0))
    const microsOf = (part: Part): number => {
      const spans = this.#spans[part].splice(0)
      return (Math.max(0, meanOf(spans) - clockNs) * spans.length) / Math.max(1, requests) / 1000
    }
    return {
      requests,
      admit: microsOf('admit'),
      enter: microsOf('enter'),
      headers: microsOf('headers'),
      settle: microsOf('settle'),
      later: microsOf('later'),
    }
  }

  #timedPlace(place: Place): Place {
    return {
      tell: (headers) => this.#time('headers', () => place.tell(headers)),
      leave: (used) => this.#time('settle', () => place.leave(used)),
    }
  }

  #time<Result>(part: Span, run: () => Result): Result {
    const startedNs = Bun.nanoseconds()
    this.#isInside = true
    const result = run()
    this.#isInside = false
    this.#spans[part].push(Bun.nanoseconds() - startedNs)
    return result
  }
}

/** The mean of what was not interrupted; 0 where there is nothing. */
function meanOf(spans: readonly number[]): number {
  const count = Math.ceil(spans.length * (1 - INTERRUPTED_SHARE))
  const kept = spans.toSorted((a, b) => a - b).slice(0, count)
  return kept.length === 0 ? 0 : mean(kept)
}

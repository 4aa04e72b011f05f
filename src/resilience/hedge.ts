/** Two targets at once: when the first is late, the next starts too, and the faster one counts. */
import { onAbort } from '../core/abort.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { Pauses } from '../core/pause.ts'
import type { AttemptKind } from '../observe/attempt-facts.ts'
import type { Answered } from './ask.ts'
import { verdictOn } from './verdict.ts'

/** Why the slower one is ended. It never reaches anybody but the records. */
export const outrun = new GatewayError('client_gone', { message: 'Another target was faster.' })

/** What a race needs. */
export interface Race {
  /** The request's own signal: it ends all that run. */
  readonly signal: AbortSignal
  readonly pauses: Pauses
  /** How long the first runs alone. */
  readonly delayMs: number
  /** Asked once, when the delay has passed. */
  readonly mayStart: () => boolean
  readonly start: (signal: AbortSignal, kind: AttemptKind) => Promise<Answered>
  /** Keeps the winner's tie to the request until it is over. */
  readonly hold: (release: () => void) => void
}

/** One that runs. */
interface Runner {
  readonly abort: AbortController
  readonly unlink: () => void
}

/**
 * The answer of whoever is first; the other is cancelled at that moment.
 * @throws GatewayError where both failed: of the one that failed last.
 */
export function hedged(race: Race): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const runners = new Set<Runner>()
    let isOver = false
    let forgetDelay = (): void => {}
    const finish = (winner: Runner | null): void => {
      isOver = true
      forgetDelay()
      for (const runner of runners) {
        if (runner === winner) continue
        runner.unlink()
        runner.abort.abort(outrun)
      }
    }
    const launch = (kind: AttemptKind): void => {
      const abort = new AbortController()
      const unlink = onAbort(race.signal, () => abort.abort(race.signal.reason))
      const runner = { abort, unlink }
      runners.add(runner)
      race.start(abort.signal, kind).then(
        (answered) => {
          if (isOver) return discard(answered)
          race.hold(unlink)
          finish(runner)
          resolve(answered)
        },
        (thrown) => {
          unlink()
          runners.delete(runner)
          const error = toGatewayError(thrown)
          // What the caller did wrong is wrong everywhere.
          const isFinal = runners.size === 0 || verdictOn(error).action === 'stop'
          if (isOver || !isFinal) return
          finish(null)
          reject(error)
        },
      )
    }
    launch('first')
    if (!isOver) {
      forgetDelay = race.pauses.after(race.delayMs, () => {
        if (!isOver && race.mayStart()) launch('hedge')
      })
    }
  })
}

/** Both were there at the same moment; one is enough. */
function discard({ opened, leave }: Answered): void {
  opened.cancel()
  leave(null)
}

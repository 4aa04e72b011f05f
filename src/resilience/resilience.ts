/** The stage between the plan and the providers: kept for as long as the worker lives. */
import type { ResilienceSettings } from '../config/config.ts'
import type { Pauses } from '../core/pause.ts'
import { type Opened, type Target, type TargetStanding, targetKey } from '../provider/call.ts'
import type { Ask, Open } from './ask.ts'
import { attempt } from './attempt.ts'
import type { Breakers } from './breakers.ts'
import { HedgeBudget, RetryBudget } from './budgets.ts'
import { Parking } from './parking.ts'
import { Slots } from './slots.ts'
import { Standings } from './standings.ts'

/** What the attempts of all requests share. */
export class Resilience {
  readonly settings: ResilienceSettings
  readonly pauses: Pauses
  readonly breakers: Breakers
  readonly parking = new Parking()
  readonly standings = new Standings()
  readonly slots: Slots
  readonly retries: RetryBudget
  readonly hedges: HedgeBudget
  /** Under pressure nothing is repeated that could be left alone (reliability 5.5). */
  readonly isStrained: () => boolean
  /** Told the key of the target, once for each time that its credentials are refused anew. */
  readonly credentialsRefused: (target: string) => void

  constructor(
    settings: ResilienceSettings,
    pauses: Pauses,
    breakers: Breakers,
    isStrained: () => boolean = () => false,
    credentialsRefused: (target: string) => void = () => {},
  ) {
    this.settings = settings
    this.pauses = pauses
    this.breakers = breakers
    this.isStrained = isStrained
    this.credentialsRefused = credentialsRefused
    this.slots = new Slots(
      {
        lengthMax: settings.queueLengthMax,
        waitMaxMs: settings.queueWaitMaxMs,
        isAdaptive: settings.adaptiveConcurrency,
      },
      pauses,
    )
    this.retries = new RetryBudget(settings)
    this.hedges = new HedgeBudget(settings.hedgeBudgetPercent)
  }

  /** How a target does, for the planner. */
  standing(target: Target): TargetStanding {
    const key = targetKey(target)
    const { inFlight, firstTokenMs } = this.standings.of(key)
    const share = this.parking.isParked(target) ? 0 : this.breakers.share(key)
    return { inFlight, firstTokenMs, share }
  }

  /**
   * The first good answer. Everything in here happens before the commit point: the client has seen
   * nothing but heartbeats.
   * @throws GatewayError of the last attempt, when no target gave a good answer.
   */
  attempt(ask: Ask, open: Open): Promise<Opened> {
    return attempt(this, ask, open)
  }
}

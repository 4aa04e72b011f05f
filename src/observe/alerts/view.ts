/** Alerts as an operator sees them. */
import type { AlertRule, AlertSettings } from '../../config/alert-rules.ts'
import type { Board } from './board.ts'
import type { Delivery, DeliveryView } from './delivery.ts'
import type { RuleState } from './rule-state.ts'

/** One rule with its state. Times are wall milliseconds. */
export interface AlertView
  extends AlertRule,
    Pick<RuleState, 'since' | 'value' | 'requests' | 'targets' | 'toldAt' | 'silencedUntil'> {
  readonly state: RuleState['phase']
}

/** Everything about alerts. */
export interface AlertsView {
  readonly everySeconds: number
  /** In the order of the file. */
  readonly rules: readonly AlertView[]
  /** Null where nobody is told. */
  readonly webhook: {
    /** Of its address; the rest may be what keeps others from writing there. */
    readonly host: string
    readonly delivered: number
    readonly lost: number
    readonly waiting: number
    readonly last: readonly Delivery[]
  } | null
}

/** Puts it together. */
export function alertsView(
  { everySeconds, webhook, rules }: AlertSettings,
  board: Board,
  { delivered, lost, waiting, last }: DeliveryView,
): AlertsView {
  const states = new Map(board.map(({ rule, state }) => [rule.name, state]))
  return {
    everySeconds,
    rules: rules.flatMap((rule): AlertView[] => {
      const known = states.get(rule.name)
      if (known === undefined) return []
      const { phase: state, calmSince: _calm, isTold: _told, ...shown } = known
      return [{ ...rule, ...shown, state }]
    }),
    webhook:
      webhook === null
        ? null
        : { host: new URL(webhook.url).host, delivered, lost, waiting: waiting.length, last },
  }
}

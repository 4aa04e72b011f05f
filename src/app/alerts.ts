/** Alerts of a worker. What looks after rules is loaded when there is one. */
import { type AlertSettings, noAlerts } from '../config/alert-rules.ts'
import { GatewayError } from '../core/errors.ts'
import type { KeptCounts } from '../observe/alerts/rule-counts.ts'
import type { AlertsView } from '../observe/alerts/view.ts'
import type { DashboardAlert } from '../observe/dashboard/frame.ts'
import type { AlertKeeper } from './alert-keeper.ts'
import type { Kept, WorkerIdentity } from './kept.ts'

/** Alerts, as the rest of the program uses them. */
export interface Alerts {
  /** What the dashboard shows. */
  shown(): Promise<readonly DashboardAlert[]>
  view(): Promise<AlertsView>
  /**
   * Lets nobody be told of a rule for so long; 0 takes that back.
   * @throws GatewayError `unknown_url` where there is no such rule.
   */
  silence(rule: string, seconds: number): Promise<AlertsView>
  /** Goes by other settings from now on. */
  obey(settings: AlertSettings): void
  /** Leaves what there is to do to the other workers. Safe to call twice. */
  resign(): Promise<void>
  /** What was counted, for the worker that has this one's place next. */
  bequeath(): unknown
  inherit(counts: unknown): void
}

/** Begins to look after the rules, where there are any. A start does not wait for it. */
export function startAlerts(kept: Kept, worker: WorkerIdentity, first: AlertSettings): Alerts {
  let settings = first
  let keeper: AlertKeeper | null = null
  let loading: Promise<void> | null = null
  const load = async (): Promise<void> => {
    const { AlertKeeper } = await import('./alert-keeper.ts')
    keeper = new AlertKeeper(kept, worker, settings)
  }
  const obey = (next: AlertSettings): void => {
    settings = next
    if (keeper !== null) keeper.obey(next)
    else if (next.rules.length > 0) loading ??= load()
  }
  const view = async (): Promise<AlertsView> => {
    await loading
    const { alertsView } = await import('../observe/alerts/view.ts')
    const { noDeliveries } = await import('../observe/alerts/delivery.ts')
    const { board, delivery } = keeper?.shared ?? { board: [], delivery: noDeliveries }
    return alertsView(keeper === null ? noAlerts : settings, board, delivery)
  }
  obey(first)
  return {
    async shown() {
      if (keeper === null) return []
      const { shownAlerts } = await import('../observe/alerts/board.ts')
      return shownAlerts(keeper.shared.board, Date.now())
    },
    view,
    async silence(rule, seconds) {
      if (!settings.rules.some(({ name }) => name === rule)) {
        throw new GatewayError('unknown_url', { message: 'There is no such alert rule.' })
      }
      await loading
      await keeper?.silence(rule, seconds === 0 ? null : Date.now() + seconds * 1000)
      return await view()
    },
    obey,
    async resign() {
      await loading
      await keeper?.resign()
    },
    bequeath: () => keeper?.bequeath() ?? null,
    inherit(counts) {
      if (counts !== null) keeper?.inherit(counts as Readonly<Record<string, KeptCounts>>)
    },
  }
}

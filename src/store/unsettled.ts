/** Spending that became known while the shared store was away, for when it is back. */
import type { Settlement } from './store.ts'

/** The settlement of a budget. */
export type BudgetSettlement = Extract<Settlement, { kind: 'budget' }>

/** By key, so that there are never more than budgets. */
export class Unsettled {
  readonly #kept = new Map<string, BudgetSettlement>()

  get size(): number {
    return this.#kept.size
  }

  keep(settled: BudgetSettlement): void {
    for (const [key, { endsAtMs }] of this.#kept) {
      if (endsAtMs <= Date.now()) this.#kept.delete(key)
    }
    const before = this.#kept.get(settled.key)?.giveBack ?? 0
    this.#kept.set(settled.key, { ...settled, giveBack: settled.giveBack + before })
  }

  /** All that was kept, which then is no longer. */
  takeAll(): readonly BudgetSettlement[] {
    const all = [...this.#kept.values()]
    this.#kept.clear()
    return all
  }
}

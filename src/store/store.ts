/**
 * What limits are counted in: rates, places and budgets, shared as far as is configured. One
 * interface, three implementations: one process (`memory`), the workers of one machine (`sqlite`),
 * and all machines (`redis`). What holds for all three is in one contract suite.
 */

/** A rate: GCRA with a burst of `limit`. Costs and limits are whole units. */
export interface RateClaim {
  readonly kind: 'rate'
  /** Keeps its `periodMs`; its `limit` may change. */
  readonly key: string
  /** Units that are taken now. */
  readonly cost: number
  /** Units a `periodMs`, all of them at once where none were taken for that long. */
  readonly limit: number
  readonly periodMs: number
}

/** A place for as long as it is renewed, at most `ttlMs` after the last time. */
export interface LeaseClaim {
  readonly kind: 'lease'
  readonly key: string
  /** Whose place it is; the same again renews it and takes no second one. */
  readonly id: string
  readonly max: number
  /** The same for all places of one key. */
  readonly ttlMs: number
}

/** Spending within a window that the key names, such as `budget:{id}:2026-11-21`. */
export interface BudgetClaim {
  readonly kind: 'budget'
  readonly key: string
  /** Micro-dollars that are reserved now. Even zero is refused once the budget is spent. */
  readonly amount: number
  readonly max: number
  /** Wall clock. A window that is over has nothing spent in it. */
  readonly endsAtMs: number
}

/** Something to be had, or not. */
export type Claim = RateClaim | LeaseClaim | BudgetClaim

/** What is left of a claim. */
export interface Standing {
  /** Whole units, places or micro-dollars; never below zero. */
  readonly remaining: number
  /**
   * Until all of it is there again: the rate is idle, the window is over. For places it is 0 while
   * one is free, and else until the oldest lapses if nobody renews it.
   */
  readonly resetMs: number
}

/** All of it was taken. */
export interface Admitted {
  readonly ok: true
  /** What is left of each claim, in its order. */
  readonly standings: readonly Standing[]
}

/** Nothing was taken at all. */
export interface Refused {
  readonly ok: false
  /** Index of the first claim that did not fit. */
  readonly refused: number
  /** When that claim can fit at the earliest; infinite where its cost is above its limit. */
  readonly retryAfterMs: number
  readonly standings: readonly Standing[]
}

/** What became of a `take`. */
export type Taken = Admitted | Refused

/** What became known later. Positive gives back, negative takes more; a debt is allowed. */
export type Settlement =
  | {
      readonly kind: 'rate'
      readonly key: string
      readonly giveBack: number
      readonly limit: number
      readonly periodMs: number
    }
  | { readonly kind: 'lease'; readonly key: string; readonly id: string }
  | {
      readonly kind: 'budget'
      readonly key: string
      readonly giveBack: number
      readonly endsAtMs: number
    }

/** A place that is still used. */
export interface Renewal {
  readonly key: string
  readonly id: string
  readonly ttlMs: number
}

/** State and counters for an operator; all counts since the start. */
export interface StoreView {
  readonly name: StoreName
  /** `away` while a shared store does not answer and this process decides by itself. */
  readonly state: 'ready' | 'away'
  /** Processes that share the store, as last known; 1 where it does not know. */
  readonly processes: number
  readonly operations: number
  /** Operations that failed, for whatever reason. */
  readonly failures: number
  /** Those of them that exceeded their bound. */
  readonly timeouts: number
  /** Times that a connection was made again. */
  readonly reconnects: number
  /** Takes that were decided by this process alone. */
  readonly decidedLocally: number
  /** Takes that were refused because a budget could not be decided. */
  readonly undecided: number
  /** Settlements that never reached the store, or may not have. */
  readonly lostSettlements: number
  /** News that could not be sent. */
  readonly lostNews: number
}

/** The implementations. */
export type StoreName = 'memory' | 'sqlite' | 'redis'

/** What becomes of news while the store is away. */
export type Delivery = 'soon' | 'surely'

/** Where limits are counted. */
export interface Store {
  readonly name: StoreName
  /**
   * Takes all claims or none, as one step for everyone who shares the store; a claim sees what
   * those before it took. Synchronous where the store is in this process. Throws `GatewayError`
   * `store_unavailable` where a budget cannot be decided.
   */
  take(claims: readonly Claim[]): Taken | Promise<Taken>
  /** Corrects what was taken. Never throws: what could not be settled is counted. */
  settle(settlements: readonly Settlement[]): void | Promise<void>
  /** Keeps places, also those that lapsed meanwhile. Never throws. */
  renew(leases: readonly Renewal[]): void | Promise<void>
  /**
   * Tells the other processes. Best effort; own news do not come back.
   * @param delivery `soon` news are worth nothing later, and are told at most once. `surely` keeps
   *   what could not be told until it can be; it may be told twice.
   */
  publish(topic: string, text: string, delivery?: Delivery): void
  /**
   * Hears what other processes publish; gives the function that ends it.
   * @param missed called when news are heard again after a time in which some may not have been.
   */
  subscribe(topic: string, hear: (text: string) => void, missed?: () => void): () => void
  view(): StoreView
  /** Ends connections and timers. Safe to call twice. */
  close(): Promise<void>
}

/** A way to tell other processes, for stores that have none of their own. */
export interface NewsChannel {
  publish(topic: string, text: string): void
  subscribe(topic: string, hear: (text: string) => void): () => void
}

/** The time that a store counts in. */
export interface StoreClock {
  /** Whole microseconds that never go back; the same for all processes that share the store. */
  monotonicUs(): number
  /** Wall clock in milliseconds, for windows of budgets. */
  wallMs(): number
}

/** The beginning of every view: nothing happened yet. */
export const untouched = {
  state: 'ready',
  processes: 1,
  operations: 0,
  failures: 0,
  timeouts: 0,
  reconnects: 0,
  decidedLocally: 0,
  undecided: 0,
  lostSettlements: 0,
  lostNews: 0,
} as const satisfies Omit<StoreView, 'name'>

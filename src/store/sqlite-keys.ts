/** Under which keys the file counts: one letter for the kind, since a key may be of several. */
import type { Claim } from './store.ts'

/** Begins the keys of the numbers of places. */
export const PLACES = 'l:'

/** The key under which places are counted. */
export const placesKey = (key: string): string => PLACES + key

/** The key under which a rate is counted. */
export const rateKey = (key: string): string => `r:${key}`

/** The key under which a budget is counted. */
export const budgetKey = (key: string): string => `b:${key}`

/** The key under which a claim's key is counted. */
export function rowKeyOf(kind: Claim['kind'], key: string): string {
  if (kind === 'rate') return rateKey(key)
  return kind === 'budget' ? budgetKey(key) : placesKey(key)
}

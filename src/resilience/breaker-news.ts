/** What processes tell each other of their breakers: one line of JSON for each change of state. */
import { isObject, numberAt, textAt } from '../core/json.ts'
import type { BreakerChange, BreakerOverride } from './breaker.ts'

/** What happened to the breaker of one target. */
export type BreakerNews = { readonly target: string } & (
  | BreakerChange
  | { readonly override: BreakerOverride }
)

/** A longer name is none of ours. */
const TARGET_LENGTH_MAX = 300

const overrides: readonly string[] = ['open', 'closed', 'auto'] satisfies BreakerOverride[]

/** As it is sent. */
export const newsText = (news: BreakerNews): string => JSON.stringify(news)

/** As it was sent; null for anything else, such as what another version says. */
export function newsOf(text: string): BreakerNews | null {
  const said = parsed(text)
  const target = said === null ? null : textAt(said, 'target')
  if (said === null || target === null || target.length > TARGET_LENGTH_MAX) return null
  const override = textAt(said, 'override')
  if (override !== null) return isOverride(override) ? { target, override } : null
  const state = textAt(said, 'state')
  if (state === 'closed') return { target, state }
  const [openForMs, outages] = [numberAt(said, 'openForMs'), numberAt(said, 'outages')]
  if (state !== 'open' || openForMs === null || outages === null) return null
  return openForMs >= 0 && outages >= 1 ? { target, state, openForMs, outages } : null
}

const isOverride = (text: string): text is BreakerOverride => overrides.includes(text)

function parsed(text: string) {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

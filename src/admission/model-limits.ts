/** Which limits of the operator hold for the model of a request. */
import type { NamedLimits } from '../config/config.ts'
import type { Plan } from '../provider/call.ts'

/** The limits of a model as it was asked for, or null where it has none. */
export type ModelLimits = (model: string | null, plan: Plan) => NamedLimits | null

/**
 * An exact name goes before a beginning, a longer beginning before a shorter one. What is said of
 * `gpt-5` holds for `openai/gpt-5` too, unless something is said of that name: the provider before
 * it must not be a way around the limit.
 */
export function createModelLimits(all: readonly NamedLimits[]): ModelLimits {
  if (all.length === 0) return () => null
  const exact = new Map(all.map((entry) => [entry.name, entry]))
  const beginnings = all
    .filter(({ name }) => name.endsWith('*'))
    .map((entry) => ({ entry, beginning: entry.name.slice(0, -1) }))
    .toSorted((a, b) => b.beginning.length - a.beginning.length)
  const find = (model: string): NamedLimits | null =>
    exact.get(model) ??
    beginnings.find(({ beginning }) => model.startsWith(beginning))?.entry ??
    null

  return (model, { targets: [first], route }) => {
    if (model === null) return null
    const asAsked = find(model)
    const prefix = `${first.provider.name}/`
    const isPrefixed = route === null && model.startsWith(prefix)
    // A lone `*` stands for every name, so whatever is known of the bare one says more.
    if (!isPrefixed || asAsked?.name.startsWith(prefix)) return asAsked
    return find(model.slice(prefix.length)) ?? asAsked
  }
}

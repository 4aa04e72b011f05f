/** The limits of providers: taken before one is asked, for each target that is tried. */
import type { NamedLimits } from '../config/config.ts'
import { type GatewayError, toGatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import { type Target, targetKey } from '../provider/call.ts'
import type { Estimate } from './estimate.ts'
import type { Quota, Used } from './quota.ts'

/**
 * Takes what asking a target needs of its provider's limits. Gives what settles it; call it once,
 * when the target's answer is over. A promise only where the store is elsewhere.
 * @throws GatewayError `rate_limit_exceeded` or `too_many_streams`: another target may do.
 */
export type EnterProvider = (target: Target) => (() => void) | Promise<() => void>

/** The way in for the targets of one request, or null where no provider is limited. */
export type ProviderQuota = ((exchange: Exchange, estimate: () => Estimate) => EnterProvider) | null

/** Counts the places of this process, for ids that are no one else's. */
let places = 0

const nothing = (): void => {}

/** @param limits by the names of providers. */
export function createProviderQuota(quota: Quota, limits: readonly NamedLimits[]): ProviderQuota {
  if (limits.length === 0) return null
  const byName = new Map(limits.map((entry) => [entry.name, entry]))
  return (exchange, estimate) => {
    // A provider with several keys is several targets, and full for all of them.
    const full = new Map<string, GatewayError>()
    return (target) => {
      const provider = byName.get(target.provider.name)
      if (provider === undefined) return nothing
      const known = full.get(provider.name)
      if (known !== undefined) throw known
      const refused = (thrown: unknown): never => {
        const error = toGatewayError(thrown)
        full.set(provider.name, error)
        throw error
      }
      places += 1
      const id = `${exchange.id}-${places}`
      try {
        const taken = quota.take({ key: null, model: null, provider, id, estimate })
        const leaving = (place: Awaited<typeof taken>) => () =>
          place.leave(usedOn(exchange, targetKey(target)))
        return taken instanceof Promise ? taken.then(leaving, refused) : leaving(taken)
      } catch (thrown) {
        return refused(thrown)
      }
    }
  }
}

/** What a request used of one target, as far as its provider told. */
function usedOn(exchange: Exchange, key: string): Used {
  const own = exchange.attemptLog.filter(({ target }) => target === key)
  const isAnswered = own.some(({ outcome }) => outcome === 'answered')
  const counted = isAnswered ? exchange : own.findLast(({ inputTokens }) => inputTokens !== null)
  return {
    inputTokens: counted?.inputTokens ?? null,
    outputTokens: counted?.outputTokens ?? null,
    costMicroUsd: null,
    // The record of a request that failed very often ends before its attempts do.
    hasReached:
      own.some(({ headersAtMs }) => headersAtMs > 0) ||
      exchange.attempts > exchange.attemptLog.length,
  }
}

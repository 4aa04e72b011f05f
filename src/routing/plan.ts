/** Which providers get a request, in which order. Pure and synchronous: names in, targets out. */
import type { RouteSettings } from '../config/config.ts'
import type { PriceOf } from '../config/prices.ts'
import type { Call, Intent, Plan, Target, TargetStanding } from '../provider/call.ts'
import type { Provider } from '../provider/provider.ts'
import { fallbacksOf } from './fallbacks.ts'
import { orders } from './order.ts'
import {
  byModel,
  defaultOf,
  modelless,
  modelNotFound,
  namedTarget,
  plainTarget,
  providerNotFound,
} from './resolve.ts'
import { type Route, RouteTable, targetOf } from './routes.ts'
import { sessionOf } from './session.ts'

/** What the operator decided, and what is known of the targets. */
export interface PlannerOptions {
  /** Takes names that nobody claims, and calls without a model; null answers them with 404. */
  readonly defaultProvider: string | null
  readonly routes?: readonly RouteSettings[]
  readonly standing?: (target: Target) => TargetStanding
  /** The price of a model that no route says anything of; without it none has one. */
  readonly priceOf?: PriceOf
  /** From 0 to 1. */
  readonly random?: () => number
}

/** Makes a plan for one request. Throws `GatewayError` where nobody can take it. */
export type Planner = (intent: Intent, call: Call, headers: Headers) => Plan

/** More targets than this are not tried for one request, whatever it lists. */
const TARGETS_MAX = 32

/** Where nothing is measured. */
const unknownStanding: TargetStanding = { inFlight: 0, firstTokenMs: null, share: 1 }

/**
 * A planner over the enabled providers.
 *
 * 1. A provider named by the call (path or header) wins. Its own prefix on the model is dropped,
 *    but not on passthrough: there the body is the provider's own (`openrouter/auto` is a model).
 * 2. A route of that name, or the longest wildcard that fits, gives its targets in the order of its
 *    strategy.
 * 3. `provider/model` goes to that provider, under the name after the slash.
 * 4. Any other name, slashes or not, goes whole to the provider that claims it: the operator's
 *    model patterns come before the prefixes a provider knows of itself.
 * 5. What nobody claims goes to the default provider, or is a 404.
 *
 * What `x-sluice-fallbacks` lists comes behind, each name resolved by 2 to 4. A provider with
 * several keys is a target for each of them.
 *
 * @throws GatewayError `internal_error` at once where the default provider is not enabled. The
 * planner throws `model_not_found`, `provider_not_found` and, for the header, `invalid_header`.
 */
export function createPlanner(
  providers: ReadonlyMap<string, Provider>,
  options: PlannerOptions,
): Planner {
  const planning = new Planning(providers, options)
  return (intent, call, headers) => planning.plan(intent, call, headers)
}

class Planning {
  readonly #providers: ReadonlyMap<string, Provider>
  readonly #default: Provider | null
  readonly #routes: RouteTable
  readonly #standing: (target: Target) => TargetStanding
  readonly #priceOf: PriceOf
  readonly #random: () => number
  /** Which of a provider's keys comes first; it moves on with each request. */
  #turn = 0

  constructor(providers: ReadonlyMap<string, Provider>, options: PlannerOptions) {
    this.#providers = providers
    this.#default = defaultOf(providers, options.defaultProvider)
    this.#routes = new RouteTable(options.routes ?? [])
    this.#standing = options.standing ?? (() => unknownStanding)
    this.#priceOf = options.priceOf ?? (() => null)
    this.#random = options.random ?? Math.random
  }

  plan(intent: Intent, call: Call, headers: Headers): Plan {
    const route = this.#routeOf(intent, call)
    const own =
      route === null
        ? [this.#priced(this.#single(intent, call))]
        : this.#targets(route, intent, headers)
    const fallbacks = fallbacksOf(headers).flatMap((name) => this.#fallback(name, intent, headers))
    const turn = this.#turn
    this.#turn += 1
    const [first, ...rest] = [...own, ...fallbacks]
      .flatMap((target) => withKeys(target, turn))
      .slice(0, TARGETS_MAX)
    if (first === undefined) throw modelNotFound(intent.model ?? '')
    return { targets: [first, ...rest], route: route?.settings ?? null }
  }

  #routeOf({ model }: Intent, call: Call): Route | null {
    return model === null || call.provider !== null ? null : this.#routes.find(model)
  }

  #targets(route: Route, intent: Intent, headers: Headers): Target[] {
    const { settings } = route
    const model = intent.model ?? ''
    const targets = settings.targets
      .flatMap((target) => targetOf(target, model, this.#providers) ?? [])
      .map((target) => this.#priced(target))
    const session = settings.strategy === 'sticky' ? sessionOf(headers, intent) : null
    const turn = route.turn
    route.turn += 1
    const outlook = { standing: this.#standing, random: this.#random, turn, session }
    return targets.length < 2 ? targets : orders[settings.strategy](targets, outlook)
  }

  #single(intent: Intent, call: Call): Target {
    if (call.provider !== null) {
      const provider = this.#providers.get(call.provider)
      if (provider === undefined) throw providerNotFound(call.provider)
      if (call.endpoint === 'passthrough') return plainTarget(provider, intent.model, null)
      return namedTarget(provider, intent.model)
    }
    return intent.model === null
      ? modelless(this.#providers, this.#default)
      : byModel(this.#providers, this.#default, intent.model)
  }

  /** What a route says of a price comes before what is known of it. */
  #priced(target: Target): Target {
    if (target.traits.price !== null) return target
    const price = this.#priceOf(target.provider.name, target.model)
    return price === null ? target : { ...target, traits: { ...target.traits, price } }
  }

  /** A name of the header, under which the body's own model is replaced. */
  #fallback(name: string, intent: Intent, headers: Headers): Target[] {
    if (intent.model === null) return []
    const route = this.#routes.find(name)
    const targets =
      route === null
        ? [this.#priced(byModel(this.#providers, this.#default, name))]
        : this.#targets(route, { ...intent, model: name }, headers)
    return targets.map((target) => ({
      ...target,
      renamedTo: target.model === intent.model ? null : target.model,
    }))
  }
}

/** A target for each key of the provider, beginning with another one each time. */
function withKeys(target: Target, turn: number): Target[] {
  const { provider } = target
  if (provider.others === undefined || provider.others.length === 0) return [target]
  const all = [provider, ...provider.others]
  const first = turn % all.length
  return [...all.slice(first), ...all.slice(0, first)].map((each) => ({
    ...target,
    provider: each,
  }))
}

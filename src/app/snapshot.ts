/** What is made of one configuration: the six stages and the list of models. */
import { type Estimate, estimateOf } from '../admission/estimate.ts'
import type { KeyRecord } from '../admission/keys.ts'
import { createModelLimits } from '../admission/model-limits.ts'
import { createProviderQuota } from '../admission/provider-quota.ts'
import { nothingTaken } from '../admission/quota.ts'
import { isScoped, planInScope } from '../admission/scope.ts'
import type { Config, ProviderSettings } from '../config/config.ts'
import { createPriceOf } from '../config/prices.ts'
import type { Stages } from '../gateway/handle.ts'
import { ledgerRowOf } from '../gateway/ledger-row.ts'
import { readIntent } from '../intake/read.ts'
import { protocols } from '../protocol/registry.ts'
import type { Intent, Plan } from '../provider/call.ts'
import type { Provider } from '../provider/provider.ts'
import { buildProviders } from '../provider/registry.ts'
import { relay } from '../relay/relay.ts'
import type { Ask } from '../resilience/ask.ts'
import { fallbacksOf } from '../routing/fallbacks.ts'
import { createPlanner, type Planner } from '../routing/plan.ts'
import type { ModelCatalogue } from '../server/options.ts'
import { open } from '../upstream/open.ts'
import { catalogueOf } from './catalogue.ts'
import type { Kept } from './kept.ts'
import { knownModelsOf } from './known-models.ts'
import { withTelemetry } from './telemetry.ts'

/** With what a configuration makes of them. */
export interface Shared extends Kept {
  readonly config: Config
  readonly providers: ReadonlyMap<string, Provider>
  readonly planner: Planner
}

/** Everything that comes from one configuration: a request keeps the one it began with. */
export interface Snapshot {
  readonly config: Config
  readonly stages: Stages
  readonly models: ModelCatalogue
}

/** A configuration with all that the file of another one says, and the rest of its own. */
export function reloaded(config: Config, next: Config): Config {
  const { routes, providers, prices, stream, apiKeys, keys, limits, alerts, version } = next
  return { ...config, routes, providers, prices, stream, apiKeys, keys, limits, alerts, version }
}

/** Builds it. @throws GatewayError `internal_error` for a provider that cannot be. */
export function snapshotOf(kept: Kept, config: Config): Snapshot {
  const providers = buildProviders(config.providers, config.demo, protocols, config.upstreamProxy)
  const planner = createPlanner(providers, {
    defaultProvider: config.defaultProvider,
    routes: config.routes,
    standing: (target) => kept.resilience.standing(target),
    priceOf: createPriceOf(config.prices, new Map(config.providers.map(kindByName))),
  })
  kept.telemetry?.useProviders(config.providers)
  const shared = { ...kept, config, providers, planner }
  kept.observer.models.configure(knownModelsOf(config))
  return {
    config,
    stages: kept.around(withTelemetry(stagesOf(shared), kept.telemetry)),
    models: catalogueOf(shared),
  }
}

/** The six stages, each with what it needs of the others as an argument. */
function stagesOf(shared: Shared): Stages {
  const { config, log, pool, sweep, reach, underway, streams, spool, admission, planner } = shared
  const { resilience, ledger, quota, observer, telemetry } = shared
  const proxy = config.upstreamProxy
  const modelLimits = createModelLimits(config.limits.models)
  const providerQuota = createProviderQuota(quota, config.limits.providers)
  const entering = (ask: Ask, intent: Intent): Ask =>
    providerQuota === null
      ? ask
      : { ...ask, enter: providerQuota(ask.exchange, () => guess(intent, ask.plan)) }
  return {
    settings: config.stream,
    sweep,
    pool,
    underway,
    streams,
    admit: (headers, search) => admission.admit(headers, search),
    read: (request, call, stream, signal) =>
      readIntent(request, call, { settings: config.intake, stream, signal, sweep, spool }),
    plan: (intent, call, headers, { key }) => {
      const plan = planInScope(key, intent.model, planner(intent, call, headers))
      if (key !== null && isScoped(key) && intent.model !== null) {
        checkFallbacks(key, headers, (model) =>
          planner({ ...intent, model }, { ...call, provider: null }, noHeaders),
        )
      }
      return plan
    },
    enter: ({ key }, intent, plan, { id }) => {
      const model = modelLimits(intent.model, plan)
      if (key === null && model === null) return nothingTaken
      const estimate = (): Estimate => guess(intent, plan)
      return quota.take({ key, model, provider: null, id, estimate })
    },
    attempt: (ask, request, call, intent, prefill) =>
      resilience.attempt(entering(ask, intent), (target, attempt) =>
        open(target, { ...attempt, request, call, intent, sweep, reach, proxy, prefill }),
      ),
    relay,
    joinTrace: telemetry?.joinTrace ?? null,
    record: (exchange) => {
      log.request(exchange, observer.record(exchange))
      ledger?.record(ledgerRowOf(exchange))
    },
  }
}

/**
 * Models that a request names for the case that its own fails must be in scope too.
 * @throws GatewayError `forbidden` for the first that is not.
 */
function checkFallbacks(key: KeyRecord, headers: Headers, planOf: (model: string) => Plan): void {
  // A target of a provider that is not in scope is left out of the plan, which is enough.
  const { models, routes } = key.scopes
  const anyProvider = { scopes: { models, routes, providers: null } }
  for (const model of fallbacksOf(headers)) planInScope(anyProvider, model, planOf(model))
}

const noHeaders = new Headers()

/** What a request will probably use, at the price of the target that is asked first. */
const guess = (intent: Intent, { targets: [{ traits }] }: Plan): Estimate =>
  estimateOf(intent, traits.price)

const kindByName = ({ name, kind }: ProviderSettings): [string, string] => [name, kind]

/** The providers that are not what they were, those that are new among them. */
export function changedProviders(before: Config, next: Config): readonly ProviderSettings[] {
  return next.providers.filter(
    (provider) => !before.providers.some((known) => Bun.deepEquals(known, provider)),
  )
}

/** Which provider gets a request. Pure and synchronous: names in, targets out. */
import { GatewayError } from '../core/errors.ts'
import { type Call, type Intent, type Plan, plainTraits, type Target } from '../provider/call.ts'
import { matchesModel } from '../provider/claims.ts'
import type { Provider } from '../provider/provider.ts'

/** What the operator decided about names that nobody claims. */
export interface PlannerOptions {
  /** Takes them, and calls without a model; null answers them with 404. */
  readonly defaultProvider: string | null
}

/** Makes a plan for one request. Throws `GatewayError` where nobody can take it. */
export type Planner = (intent: Intent, call: Call) => Plan

/** How much of a client's text an error message repeats. */
const QUOTE_LENGTH_MAX = 120

/**
 * A planner over the enabled providers.
 *
 * 1. A provider named by the call (path or header) wins. Its own prefix on the model is dropped,
 *    but not on passthrough: there the body is the provider's own (`openrouter/auto` is a model).
 * 2. `provider/model` goes to that provider, under the name after the slash.
 * 3. Any other name, slashes or not, goes whole to the provider that claims it: the operator's
 *    model patterns come before the prefixes a provider knows of itself.
 * 4. What nobody claims goes to the default provider, or is a 404.
 *
 * @throws GatewayError `internal_error` at once where the default provider is not enabled. The
 * planner throws `model_not_found` and `provider_not_found`.
 */
export function createPlanner(
  providers: ReadonlyMap<string, Provider>,
  options: PlannerOptions,
): Planner {
  const fallback = defaultOf(providers, options.defaultProvider)
  return (intent, call) => {
    if (call.provider !== null) {
      const provider = providers.get(call.provider)
      if (provider === undefined) throw providerNotFound(call.provider)
      const { model } = intent
      if (call.endpoint === 'passthrough') return only(as(provider, model, null))
      return only(namedTarget(provider, model))
    }
    if (intent.model === null) return only(modelless(providers, fallback))
    return only(byModel(providers, fallback, intent.model))
  }
}

function defaultOf(providers: ReadonlyMap<string, Provider>, name: string | null): Provider | null {
  if (name === null) return null
  const provider = providers.get(name)
  if (provider !== undefined) return provider
  throw new GatewayError('internal_error', {
    message: `The default provider \`${quote(name)}\` is not enabled.`,
  })
}

function as(provider: Provider, model: string | null, renamedTo: string | null): Target {
  return { provider, model, renamedTo, traits: plainTraits }
}

function only(target: Target): Plan {
  return { targets: [target], route: null }
}

function byModel(
  providers: ReadonlyMap<string, Provider>,
  fallback: Provider | null,
  model: string,
): Target {
  const slash = model.indexOf('/')
  const prefixed = slash < 0 ? undefined : providers.get(model.slice(0, slash))
  if (prefixed !== undefined) return namedTarget(prefixed, model)
  const provider = claimant(providers, model) ?? fallback
  if (provider === null) throw modelNotFound(model)
  return as(provider, model, null)
}

/** Patterns that the operator wrote are meant; prefixes that a provider knows are a guess. */
function claimant(providers: ReadonlyMap<string, Provider>, model: string): Provider | null {
  const all = [...providers.values()]
  return (
    all.find((provider) => matchesModel(provider.settings.models, model)) ??
    all.find((provider) => provider.claims(model)) ??
    null
  )
}

/** `provider` is settled; drops its own prefix from the model, if it is there. */
function namedTarget(provider: Provider, model: string | null): Target {
  const prefix = `${provider.name}/`
  if (model === null || !model.startsWith(prefix)) return as(provider, model, null)
  const bare = model.slice(prefix.length)
  if (bare === '') throw modelNotFound(model)
  return as(provider, bare, bare)
}

/** For calls such as `GET /files`, which say nothing about whom they are for. */
function modelless(providers: ReadonlyMap<string, Provider>, fallback: Provider | null): Target {
  const all = [...providers.values()]
  const provider =
    fallback ??
    providers.get('openai') ??
    all.find((each) => each.family === 'openai' && each.settings.kind !== 'demo') ??
    all.find((each) => each.settings.kind === 'demo')
  if (provider === undefined) {
    throw new GatewayError('provider_not_found', { message: 'No provider is enabled.' })
  }
  return as(provider, null, null)
}

function modelNotFound(model: string): GatewayError {
  return new GatewayError('model_not_found', {
    message: `The model \`${quote(model)}\` does not exist or you do not have access to it.`,
    param: 'model',
  })
}

function providerNotFound(name: string): GatewayError {
  return new GatewayError('provider_not_found', {
    message: `The provider \`${quote(name)}\` does not exist or is not enabled.`,
  })
}

function quote(text: string): string {
  return text.length <= QUOTE_LENGTH_MAX ? text : `${text.slice(0, QUOTE_LENGTH_MAX)}...`
}

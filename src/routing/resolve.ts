/** Names of models and providers, and what they mean where no route says otherwise. */
import { GatewayError } from '../core/errors.ts'
import { plainTraits, type Target } from '../provider/call.ts'
import { matchesModel } from '../provider/claims.ts'
import type { Provider } from '../provider/provider.ts'

/** How much of a client's text an error message repeats. */
const QUOTE_LENGTH_MAX = 120

/** The default provider. @throws GatewayError `internal_error` where it is not enabled. */
export function defaultOf(
  providers: ReadonlyMap<string, Provider>,
  name: string | null,
): Provider | null {
  if (name === null) return null
  const provider = providers.get(name)
  if (provider !== undefined) return provider
  throw new GatewayError('internal_error', {
    message: `The default provider \`${quote(name)}\` is not enabled.`,
  })
}

/** A target of which no route says anything. */
export function plainTarget(
  provider: Provider,
  model: string | null,
  renamedTo: string | null,
): Target {
  return { provider, model, renamedTo, traits: plainTraits }
}

/** The target of a model that no route has. @throws GatewayError `model_not_found`. */
export function byModel(
  providers: ReadonlyMap<string, Provider>,
  fallback: Provider | null,
  model: string,
): Target {
  const slash = model.indexOf('/')
  const prefixed = slash < 0 ? undefined : providers.get(model.slice(0, slash))
  if (prefixed !== undefined) return namedTarget(prefixed, model)
  const provider = claimant(providers, model) ?? fallback
  if (provider === null) throw modelNotFound(model)
  return plainTarget(provider, model, null)
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
export function namedTarget(provider: Provider, model: string | null): Target {
  const prefix = `${provider.name}/`
  if (model === null || !model.startsWith(prefix)) return plainTarget(provider, model, null)
  const bare = model.slice(prefix.length)
  if (bare === '') throw modelNotFound(model)
  return plainTarget(provider, bare, bare)
}

/** For calls such as `GET /files`, which say nothing about whom they are for. */
export function modelless(
  providers: ReadonlyMap<string, Provider>,
  fallback: Provider | null,
): Target {
  const all = [...providers.values()]
  const provider =
    fallback ??
    providers.get('openai') ??
    all.find((each) => each.family === 'openai' && each.settings.kind !== 'demo') ??
    all.find((each) => each.settings.kind === 'demo')
  if (provider === undefined) {
    throw new GatewayError('provider_not_found', { message: 'No provider is enabled.' })
  }
  return plainTarget(provider, null, null)
}

/** The 404 of a model, in OpenAI's words. */
export function modelNotFound(model: string): GatewayError {
  return new GatewayError('model_not_found', {
    message: `The model \`${quote(model)}\` does not exist or you do not have access to it.`,
    param: 'model',
  })
}

/** The 404 of a provider. */
export function providerNotFound(name: string): GatewayError {
  return new GatewayError('provider_not_found', {
    message: `The provider \`${quote(name)}\` does not exist or is not enabled.`,
  })
}

function quote(text: string): string {
  return text.length <= QUOTE_LENGTH_MAX ? text : `${text.slice(0, QUOTE_LENGTH_MAX)}...`
}

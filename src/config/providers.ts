/** Which providers the environment enables. */
import type { ProviderSettings } from './config.ts'
import { namedProviderVariables, providerPrefix, providerVariables } from './provider-variables.ts'
import type { Reader } from './reader.ts'
import type { Variable } from './variable.ts'

/** The providers, and the variables that their names brought into being. */
export interface ProvidersRead {
  readonly providers: readonly ProviderSettings[]
  readonly named: readonly Variable<unknown>[]
}

/** Reads the providers: `openai`, those named in `OPENAI_COMPATIBLE_PROVIDERS`, then `demo`. */
export function readProviders(reader: Reader): ProvidersRead {
  const providers: ProviderSettings[] = []
  const named: Variable<unknown>[] = []

  const apiKey = reader.read(providerVariables.openaiApiKey)
  const baseUrl =
    reader.read(providerVariables.openaiBaseUrl) ?? providerVariables.openaiBaseUrl.default
  if (apiKey !== null || reader.isGiven(providerVariables.openaiBaseUrl.name)) {
    providers.push({ name: 'openai', kind: 'openai', baseUrl, apiKey, models: [] })
  }

  for (const name of reader.read(providerVariables.compatibleProviders)) {
    const rows = namedProviderVariables(providerPrefix(name))
    named.push(...Object.values(rows))
    if (!reader.isGiven(rows.baseUrl.name)) {
      reader.reject(rows.baseUrl, `must be set, because provider ${name} is listed`, '')
      continue
    }
    providers.push({
      name,
      kind: 'openai-compatible',
      baseUrl: reader.read(rows.baseUrl) ?? '',
      apiKey: reader.read(rows.apiKey),
      models: reader.read(rows.models),
    })
  }

  if (reader.read(providerVariables.demoEnabled)) {
    providers.push({ name: 'demo', kind: 'demo', baseUrl: '', apiKey: null, models: [] })
  }
  return { providers, named }
}

/** The provider of unclaimed model names, which must be one of those enabled. */
export function readDefaultProvider(
  reader: Reader,
  providers: readonly ProviderSettings[],
): string | null {
  const name = reader.read(providerVariables.defaultProvider)
  const names = providers.map((provider) => provider.name)
  if (name === null || names.includes(name)) return name
  const choice = names.length > 0 ? names.join(', ') : 'none is'
  reader.reject(providerVariables.defaultProvider, `must be an enabled provider (${choice})`, name)
  return null
}

/** Which providers the environment enables. */
import type { ProviderSettings } from './config.ts'
import { type KnownProvider, knownProviders } from './known-providers.ts'
import {
  type KnownProviderRows,
  knownProviderRows,
  namedProviderVariables,
  providerPrefix,
  providerVariables,
} from './provider-variables.ts'
import type { Reader } from './reader.ts'
import type { Variable } from './variable.ts'

/** The providers, and the variables that their names brought into being. */
export interface ProvidersRead {
  readonly providers: readonly ProviderSettings[]
  readonly named: readonly Variable<unknown>[]
}

/** Reads the providers: known ones, those of `OPENAI_COMPATIBLE_PROVIDERS`, then `demo`. */
export function readProviders(reader: Reader): ProvidersRead {
  const providers: ProviderSettings[] = []
  const named: Variable<unknown>[] = []

  for (const rows of knownProviderRows) {
    const provider = readKnown(reader, rows)
    if (provider !== null) providers.push(provider)
  }

  for (const name of reader.read(providerVariables.compatibleProviders)) {
    if (knownProviders.some((known) => known.name === name)) {
      reader.reject(
        providerVariables.compatibleProviders,
        'must not list a provider that is known by itself',
        name,
      )
      continue
    }
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

/** A known provider, or null where nothing of its own is set. */
function readKnown(reader: Reader, rows: KnownProviderRows): ProviderSettings | null {
  const { known, keys, address } = rows
  const apiKey = keys.map((row) => reader.read(row)).find((key) => key !== null) ?? null
  const baseUrl = reader.read(address)
  const options: Record<string, string> = {}
  for (const { option, row } of rows.options) {
    const value = reader.read(row)
    if (value !== null) options[option] = value
  }
  // An address that only repeats the default says nothing about who is wanted.
  const isMoved = reader.isGiven(address.name) && baseUrl !== known.address
  const isEnabled = apiKey !== null || isMoved || hasOwnOptions(known, options)
  if (!isEnabled) return null
  const { name } = known
  return { name, kind: name, baseUrl: baseUrl ?? known.address, apiKey, models: [], options }
}

/** AWS keys and Google's project are also there for other programs: only the set enables. */
function hasOwnOptions(known: KnownProvider, options: Readonly<Record<string, string>>): boolean {
  if (known.name === 'vertex') return options.project !== undefined
  if (known.name !== 'bedrock') return false
  return options.region !== undefined && options.accessKeyId !== undefined
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

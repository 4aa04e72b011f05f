/** One provider of each kind in the registry, as the environment of an operator would have it. */
import type { ProviderSettings } from '../../src/config/config.ts'
import { knownProviders } from '../../src/config/known-providers.ts'
import { protocols } from '../../src/protocol/registry.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { buildProviders, providerKinds } from '../../src/provider/registry.ts'

/** What the operator gave the program. */
export const operatorKey = 'sk-operator-0123456789'

/** What clients send. It must never reach a provider. */
export const clientKey = 'sk-client-0123456789'

/** What a key becomes where it is exchanged. */
export const exchangedToken = 'token-of-the-exchange'

/** Settings without which some kinds cannot be used at all. */
const needed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  vertex: { project: 'project-1' },
  bedrock: { region: 'us-east-1' },
  watsonx: { projectId: 'project-1' },
}

/** Where each puts its credentials, unless it is `authorization`. */
const keyHeaders: Readonly<Record<string, string>> = {
  anthropic: 'x-api-key',
  azure: 'api-key',
  gemini: 'x-goog-api-key',
  vertex: 'x-goog-api-key',
}

/** The header that carries the operator's credentials. */
export const keyHeaderOf = (kind: string): string => keyHeaders[kind] ?? 'authorization'

/** The kinds that are called over the network. */
export const remoteKinds = providerKinds.filter((kind) => kind !== 'demo')

/** A kind of provider as it is asked in a contract, with settings that are not its defaults. */
export interface Place {
  /** What it is called in the names of tests. */
  readonly title: string
  readonly kind: string
  /** Without the provider's name. */
  readonly model: string
  readonly options: Readonly<Record<string, string>>
}

/** All remote kinds, and those once more that call some models otherwise where that is wanted. */
export const places: readonly Place[] = [
  ...remoteKinds.map((kind) => ({ title: kind, kind, model: 'test-model', options: {} })),
  {
    title: 'bedrock by invoke',
    kind: 'bedrock',
    model: 'us.anthropic.test-model-v1:0',
    options: { dialect: 'invoke' },
  },
]

/** Options of a kind; keys are exchanged at `root`. */
const optionsOf = (kind: string, root: string): Readonly<Record<string, string>> => ({
  ...needed[kind],
  ...(kind === 'watsonx' && { iamAddress: `${root}/identity/token` }),
})

/** The settings of a kind whose address is below `root`, under its own name. */
export const settingsOf = (kind: string, root: string): ProviderSettings => ({
  name: kind,
  kind,
  baseUrl: kind === 'demo' ? '' : `${root}/${kind}`,
  apiKey: kind === 'demo' ? null : operatorKey,
  models: [],
  options: optionsOf(kind, root),
})

/** The provider of a kind. */
export function buildKind(kind: string, settings: Partial<ProviderSettings> = {}): Provider {
  const all = { ...settingsOf(kind, 'http://127.0.0.1:9'), ...settings }
  const built = buildProviders([all], { tokens: 3, tokensPerSecond: 0 }, protocols).get(all.name)
  if (built === undefined) throw new Error(`There is no provider ${kind}.`)
  return built
}

/**
 * The environment that enables every kind, each below `root`.
 * @param more options of single kinds beyond those that they need.
 */
export function environmentOf(
  root: string,
  more: Readonly<Record<string, Place['options']>> = {},
): Record<string, string> {
  const name = 'openai-compatible'
  const environment: Record<string, string> = {
    OPENAI_COMPATIBLE_PROVIDERS: name,
    OPENAI_COMPATIBLE_BASE_URL: `${root}/${name}`,
    OPENAI_COMPATIBLE_API_KEY: operatorKey,
  }
  for (const known of knownProviders) {
    environment[known.keys[0] ?? ''] = operatorKey
    environment[known.addressVariable] = `${root}/${known.name}`
    const options = { ...optionsOf(known.name, root), ...more[known.name] }
    for (const { option, variable } of known.options ?? []) {
      const value = options[option]
      if (value !== undefined) environment[variable] = value
    }
  }
  return environment
}

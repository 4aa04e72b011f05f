/** The variables that say which providers there are, and how to reach them. */
import { baseUrl, proxyUrl } from './address-kinds.ts'
import { flag, integer, secret, text } from './kinds.ts'
import { type KnownProvider, knownProviders } from './known-providers.ts'
import { modelNames, providerNames } from './list-kinds.ts'
import { inGroup, type Variable } from './variable.ts'

const provider = inGroup('Providers')

/** The rows with a fixed name. */
export const providerVariables = {
  compatibleProviders: provider(
    'OPENAI_COMPATIBLE_PROVIDERS',
    providerNames,
    '',
    'Names of further providers that speak the OpenAI API, with commas between them.',
  ),
  defaultProvider: provider(
    'DEFAULT_PROVIDER',
    text,
    '',
    'Provider of model names that no other provider claims; none answers them with 404.',
  ),
  upstreamProxy: provider(
    'UPSTREAM_PROXY',
    proxyUrl,
    '',
    'HTTP proxy for calls to providers; HTTP_PROXY and its kin are not consulted.',
    'address',
  ),
  demoEnabled: provider('DEMO_ENABLED', flag, '1', 'Whether the built-in provider demo answers.'),
  demoTokens: provider(
    'DEMO_TOKENS',
    integer(1, 10_000_000),
    '64',
    'Tokens in an answer of demo when the request does not say.',
  ),
  demoTokensPerSecond: provider(
    'DEMO_TOKENS_PER_SECOND',
    integer(0, 10_000_000),
    '20',
    'Pace of demo when the request does not say; 0 is as fast as the client reads.',
  ),
} as const

/** The rows of one known provider. */
export interface KnownProviderRows {
  readonly known: KnownProvider
  readonly keys: readonly Variable<string | null>[]
  readonly address: Variable<string | null>
  readonly options: readonly { readonly option: string; readonly row: Variable<string | null> }[]
}

/** The rows of every known provider, in the order of their table. */
export const knownProviderRows: readonly KnownProviderRows[] = knownProviders.map((known) => ({
  known,
  keys: known.keys.map((name) =>
    provider(name, secret, '', `Key of the provider ${known.name}; enables it.`, 'secret'),
  ),
  address: provider(
    known.addressVariable,
    baseUrl,
    known.address,
    `Address of the provider ${known.name}; enables it, also without a key, when set.`,
    'address',
  ),
  options: (known.options ?? []).map(({ option, variable, meaning, secret: isSecret }) => ({
    option,
    row: provider(variable, isSecret ? secret : text, '', meaning, isSecret ? 'secret' : 'plain'),
  })),
}))

/** The three rows that each name in `OPENAI_COMPATIBLE_PROVIDERS` has, by its `prefix`. */
export const namedProviderVariables = (prefix: string) => ({
  baseUrl: provider(
    `${prefix}_BASE_URL`,
    baseUrl,
    '',
    'Address of that provider; required.',
    'address',
  ),
  apiKey: provider(`${prefix}_API_KEY`, secret, '', 'Key of that provider.', 'secret'),
  models: provider(
    `${prefix}_MODELS`,
    modelNames,
    '',
    'Bare model names that it answers to, with commas between them; * at the end is any rest.',
  ),
})

/** The part that a provider's name has in its variables: `my-vllm` is `MY_VLLM`. */
export const providerPrefix = (name: string): string => name.toUpperCase().replaceAll('-', '_')

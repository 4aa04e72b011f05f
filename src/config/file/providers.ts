/** `providers` in the file: places of one's own, and more about those of the environment. */
import type { z } from 'zod'
import { baseUrl } from '../address-kinds.ts'
import type { ProviderSettings } from '../config.ts'
import { knownProviders } from '../known-providers.ts'
import type { Environment } from '../variable.ts'
import { list, named, object, text, whole, word } from './fields.ts'
import { referenced, secretReference } from './references.ts'

/** What a place can speak, and the kind that speaks it at any address. */
const protocolKinds = {
  'openai-chat': { kind: 'openai-compatible', dialect: null },
  'openai-responses': { kind: 'openai-compatible', dialect: 'responses' },
  'anthropic-messages': { kind: 'anthropic', dialect: null },
  gemini: { kind: 'gemini', dialect: null },
  'cohere-chat': { kind: 'cohere', dialect: null },
  'ollama-chat': { kind: 'ollama', dialect: null },
} as const

const protocolNames = Object.keys(protocolKinds) as [keyof typeof protocolKinds]

const kindNames = [...knownProviders.map(({ name }) => name), 'openai-compatible'] as [string]

/** These make their address of other settings. */
const placedByOptions: ReadonlySet<string> = new Set(['vertex', 'bedrock'])

const nameRule = 'must be a name of a-z, 0-9 and -, at most 63 characters long, not demo'
const namePattern = /^(?!demo$)[a-z][a-z0-9-]{0,62}$/

const addressRule = 'must be an http or https address without credentials, query and fragment'

const isAddress = (value: string): boolean => value !== '' && baseUrl.safeParse(value).success

const modelRule = 'must be a model name, where only the last character may be *'
const modelPattern = /^(?:[^\s*]{1,200}\*?|\*)$/

const providerSchema = (environment: Environment) =>
  object('Provider', 'A place that answers for models.', {
    protocol: word(
      protocolNames,
      'What is spoken at a place of your own, for names that are not known by themselves.',
    ).optional(),
    kind: word(
      kindNames,
      'In place of protocol: the known provider that this one is another instance of.',
    ).optional(),
    baseUrl: text(addressRule, isAddress, 'Where its API is, version included.').optional(),
    apiKey: secretReference(environment, 'Its key, as').optional(),
    apiKeys: list(
      secretReference(environment, 'One key, as'),
      1,
      64,
      'Several keys, in place of apiKey; the next one is used when one is refused or spent.',
    ).optional(),
    models: list(
      text(modelRule, (name) => modelPattern.test(name), 'A name or a beginning.', modelPattern),
      0,
      1000,
      'Bare model names that it answers to; * at the end is any rest.',
    ).optional(),
    concurrency: whole(
      1,
      1_000_000,
      'Requests that it may have at once, in one worker; from all together it gets WORKERS ' +
        'times as many. limits.providers bounds all of them.',
    ).optional(),
  })

/** `providers`, with keys in `environment`. */
export const providersSchema = (environment: Environment) =>
  named(
    text(nameRule, (name) => namePattern.test(name), 'A name of a provider.', namePattern),
    providerSchema(environment),
    'Places of your own, and more about the providers of the environment, by name.',
  )

type FileProvider = z.infer<ReturnType<typeof providerSchema>>

/** The providers of environment and file, and what is wrong between the two. */
export interface MergedProviders {
  readonly providers: readonly ProviderSettings[]
  /** Path below `providers`, and rule. */
  readonly problems: readonly { readonly path: readonly string[]; readonly rule: string }[]
}

/**
 * Lays the file's providers over those of the environment: what the file says of one counts, and
 * what it does not say stays. New ones stand before `demo`.
 */
export function mergedProviders(
  enabled: readonly ProviderSettings[],
  entries: Readonly<Record<string, FileProvider>>,
  environment: Environment,
): MergedProviders {
  const byName = new Map(enabled.map((provider) => [provider.name, provider]))
  const problems: { path: readonly string[]; rule: string }[] = []
  for (const [name, entry] of Object.entries(entries)) {
    const reject = (key: string, rule: string) => problems.push({ path: [name, key], rule })
    const base = byName.get(name) ?? startOf(name, entry)
    if (byName.has(name) || isKnown(name)) {
      for (const key of ['protocol', 'kind'] as const) {
        if (entry[key] !== undefined) reject(key, `must not be set, because ${name} has one`)
      }
    } else if (entry.protocol === undefined && entry.kind === undefined) {
      reject('protocol', `must be set (or kind), because ${name} is not known by itself`)
    } else if (entry.protocol !== undefined && entry.kind !== undefined) {
      reject('kind', 'must not be set together with protocol')
    }
    if (entry.apiKey !== undefined && entry.apiKeys !== undefined) {
      reject('apiKeys', 'must not be set together with apiKey')
    }
    if (entry.baseUrl === undefined && base.baseUrl === '' && !placedByOptions.has(base.kind)) {
      reject('baseUrl', `must be set, because ${name} has no address of its own`)
    }
    byName.set(name, laidOver(base, entry, environment))
  }
  const providers = [...byName.values()].sort((a, b) => Number(isDemo(a)) - Number(isDemo(b)))
  return { providers, problems }
}

const isDemo = ({ kind }: ProviderSettings): boolean => kind === 'demo'

const isKnown = (name: string): boolean => knownProviders.some((known) => known.name === name)

/** What a provider is before the file says more of it. */
function startOf(name: string, entry: FileProvider): ProviderSettings {
  const spoken = entry.protocol === undefined ? null : protocolKinds[entry.protocol]
  const kind = isKnown(name) ? name : (spoken?.kind ?? entry.kind ?? 'openai-compatible')
  // An address of the kind stands in for that of an instance, but never for a place that was
  // described by what it speaks: nobody's key may go to another by mistake.
  const known = spoken === null ? knownProviders.find((each) => each.name === kind) : undefined
  const dialect = isKnown(name) ? null : (spoken?.dialect ?? null)
  return {
    name,
    kind,
    baseUrl: known?.address ?? '',
    apiKey: null,
    models: [],
    ...(dialect !== null && { options: { dialect } }),
  }
}

function laidOver(
  base: ProviderSettings,
  entry: FileProvider,
  environment: Environment,
): ProviderSettings {
  const references = entry.apiKeys ?? (entry.apiKey === undefined ? [] : [entry.apiKey])
  const keys = references.flatMap((reference) => referenced(reference, environment) ?? [])
  const [first = base.apiKey, ...further] = [...new Set(keys)]
  return {
    ...base,
    baseUrl: entry.baseUrl === undefined ? base.baseUrl : (baseUrl.parse(entry.baseUrl) ?? ''),
    apiKey: first,
    ...(further.length > 0 && { furtherApiKeys: further }),
    models: entry.models ?? base.models,
    ...(entry.concurrency !== undefined && { concurrencyMax: entry.concurrency }),
  }
}

/**
 * The values that labels may have: only what the operator wrote into the configuration, what the
 * program's own tables know, and closed lists. What a client wrote is never a label, so that nobody
 * can make more series than there are names here.
 */
import type { Config, EndpointName } from '../../config/config.ts'
import { knownPrices } from '../../config/prices.ts'
import { type KnownModels, OTHER } from '../known-models.ts'
import { other } from './series-table.ts'

/** What a label says of a request that never had one, such as the provider of a refused one. */
export const none = 'none'

/** The operations of the conventions; what is none of them is counted by `sluice_*` only. */
const operations: Readonly<Partial<Record<EndpointName, string>>> = {
  'chat-completions': 'chat',
  completions: 'text_completion',
  responses: 'chat',
  messages: 'chat',
  gemini: 'generate_content',
  embeddings: 'embeddings',
}

/** `gen_ai.operation.name`, or null. Some dialects say in the path that it is another one. */
export function operationOf(endpoint: EndpointName, path: string): string | null {
  if (/count_?tokens$/i.test(path)) return null
  if (/:(batch)?embedcontents?$/i.test(path)) return 'embeddings'
  return operations[endpoint] ?? null
}

/** The conventions' names of kinds that are called otherwise here. */
const conventionalProviders: Readonly<Record<string, string>> = {
  azure: 'azure.ai.openai',
  gemini: 'gcp.gemini',
  vertex: 'gcp.vertex_ai',
  bedrock: 'aws.bedrock',
  mistral: 'mistral_ai',
  watsonx: 'ibm.watsonx.ai',
  xai: 'x_ai',
}

/** What of a configuration names come from. */
export type NamedConfig = Pick<Config, 'providers' | 'routes' | 'prices'>

/** The provider that is in the program takes any name; these are those that it lists. */
const demoModels: ReadonlySet<string> = new Set(['stream', 'embedding'])

/** The names of one configuration. */
export class Names {
  /** Configured providers, and what the conventions call them. */
  readonly #providers: ReadonlyMap<string, string>
  readonly #routes: ReadonlySet<string>
  readonly #models: KnownModels
  /** Names with a wildcard as `provider/beginning`, longest first. */
  readonly #beginnings: readonly string[]

  /** @param models the names that are known whole, by provider. */
  constructor({ providers, routes, prices }: NamedConfig, models: KnownModels) {
    this.#models = models
    this.#providers = new Map([
      ['demo', 'demo'],
      ...providers.map(({ name, kind }) => [name, conventionalName(name, kind)] as const),
    ])
    this.#routes = new Set(routes.map(({ name }) => name))
    const ofTheTable = providers.flatMap(({ name, kind }) =>
      Object.keys(knownPrices)
        .filter((known) => known.startsWith(`${kind}/`))
        .map((known) => `${name}${known.slice(kind.length)}`),
    )
    const patterns = [
      ...routes.flatMap(({ targets }) => targets.map(({ model }) => model)),
      ...providers.flatMap(({ name, models }) => models.map((model) => `${name}/${model}`)),
      ...Object.keys(prices),
      ...ofTheTable,
    ].filter((name) => /[^/]\*$/.test(name))
    this.#beginnings = [...new Set(patterns)]
      .map((name) => name.slice(0, -1))
      .toSorted((a, b) => b.length - a.length)
  }

  /** Changes whenever a label may have become another one. */
  get revision(): number {
    return this.#models.revision
  }

  /** A provider by its name in the configuration. */
  provider(name: string | null): string {
    if (name === null) return none
    return this.#providers.has(name) ? name : other
  }

  /** What the conventions call it. */
  conventional(name: string | null): string {
    return name === null ? none : (this.#providers.get(name) ?? other)
  }

  /** A route. */
  route(name: string | null): string {
    if (name === null) return none
    return this.#routes.has(name) ? name : other
  }

  /** A model as its provider calls it; one that is known by a wildcard only is that wildcard. */
  model(provider: string | null, name: string | null): string {
    if (name === null) return none
    const known = this.#models.nameOf(provider, name)
    if (known !== null && known !== OTHER) return known
    if (provider === 'demo') {
      // Behind the name are settings of the answer.
      const [bare = ''] = name.split('?', 1)
      return demoModels.has(bare) ? bare : other
    }
    const whole = `${provider}/${name}`
    const beginning = this.#beginnings.find((start) => whole.startsWith(start))
    return beginning === undefined ? other : `${beginning.slice(beginning.indexOf('/') + 1)}*`
  }

  /** The model as a client wrote it: a route, or a model of the provider that was asked. */
  requested(provider: string | null, route: string | null, name: string | null): string {
    if (route !== null) return this.route(route)
    const prefix = `${provider}/`
    return this.model(provider, name?.startsWith(prefix) ? name.slice(prefix.length) : name)
  }

  /** A target, `provider/model`, or a provider alone. */
  target(name: string): string {
    const slash = name.indexOf('/')
    if (slash === -1) return this.provider(name)
    const provider = name.slice(0, slash)
    const model = name.slice(slash + 1).replace(/#\d+$/, '')
    return `${this.provider(provider)}/${model === '*' ? model : this.model(provider, model)}`
  }
}

/**
 * `gen_ai.provider.name` of a provider by its name and kind. Several of one kind that speak
 * OpenAI's API are still what they are called in the configuration.
 */
export function conventionalName(name: string, kind: string): string {
  return conventionalProviders[kind] ?? (kind === 'openai-compatible' ? name : kind)
}

/** `GET /v1/models`: what all providers have, as one list. */
import type { StreamSettings } from '../config/config.ts'
import { nowMs, type Sweep } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import { isObject, type JsonObject } from '../core/json.ts'
import { AttemptFacts } from '../observe/attempt-facts.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { type Opened, plainTraits, type Target } from '../provider/call.ts'
import { mergeModels } from '../provider/models.ts'
import type { Provider } from '../provider/provider.ts'
import type { OpenContext } from '../upstream/context.ts'
import type { Reach } from '../upstream/reach.ts'

/** How long a list is good for. Providers change theirs by the week. */
const FRESH_MS = 60_000

/** How long one is good for in which a provider is missing that did not answer. */
const PARTIAL_FRESH_MS = 5000

/** What asking the providers needs. */
export interface ModelsOptions {
  readonly providers: ReadonlyMap<string, Provider>
  /** The names of routes: models like any other to a client. Those with a wildcard are none. */
  readonly routes: readonly string[]
  readonly settings: StreamSettings
  readonly sweep: Sweep
  readonly reach: Reach
  readonly proxy: string | null
  readonly protocol: Protocol
  /** Told of the names in a list that was got, as `provider/model`. */
  readonly learned?: (names: readonly string[]) => void
  readonly open: (target: Target, context: OpenContext) => Promise<Opened>
}

/** What somebody sees of an entry: it, the same under another name, or null for nothing. */
export type Shown = (entry: JsonObject) => JsonObject | null

/** The merged list of models, or what `shown` leaves of it. */
export interface Models {
  /** OpenAI's list: routes, then `provider/model`. Providers that do not answer are left out. */
  list(shown?: Shown): Promise<JsonObject>
  /** One entry of it, by its name. @throws GatewayError `model_not_found`. */
  get(id: string, shown?: Shown): Promise<JsonObject>
}

/** Makes the list; nothing is asked before the first call. */
export function createModels(options: ModelsOptions): Models {
  let current: Promise<JsonObject> | null = null
  let staleAtMs = 0

  const whole = (): Promise<JsonObject> => {
    if (current === null || nowMs() > staleAtMs) {
      staleAtMs = nowMs() + FRESH_MS
      current = askAll(options, () => {
        staleAtMs = Math.min(staleAtMs, nowMs() + PARTIAL_FRESH_MS)
      })
    }
    return current
  }

  const list = async (shown?: Shown): Promise<JsonObject> => {
    const all = await whole()
    if (shown === undefined || !Array.isArray(all.data)) return all
    return { ...all, data: all.data.flatMap((entry) => (isObject(entry) && shown(entry)) || []) }
  }

  return {
    list,
    async get(id, shown) {
      const { data } = await list(shown)
      const found = Array.isArray(data)
        ? data.find((entry) => isObject(entry) && entry.id === id)
        : undefined
      if (!isObject(found)) {
        throw new GatewayError('model_not_found', {
          message: `The model '${id}' does not exist.`,
          param: 'model',
        })
      }
      return found
    },
  }
}

async function askAll(options: ModelsOptions, failed: () => void): Promise<JsonObject> {
  const asked = [...options.providers.values()].map(async (provider) => ({
    provider,
    body: await askOne(provider, options).catch(() => {
      failed()
      return null
    }),
  }))
  const merged = mergeModels(await Promise.all(asked))
  const models = Array.isArray(merged.data) ? merged.data : []
  options.learned?.(models.map((entry) => String(entry.id)))
  const routes = options.routes
    .filter((name) => !name.endsWith('*'))
    .map((id) => ({ id, object: 'model', created: 0, owned_by: 'sluice' }))
  return { ...merged, data: [...routes, ...models] }
}

async function askOne(provider: Provider, options: ModelsOptions): Promise<unknown> {
  const { settings, sweep, reach, proxy, protocol } = options
  const opened = await options.open(
    { provider, model: null, renamedTo: null, traits: plainTraits },
    {
      request: { method: 'GET', headers: new Headers({ accept: 'application/json' }) },
      call: { endpoint: 'models', path: '/models', search: '', provider: provider.name, protocol },
      intent: { model: null, stream: false, body: null, contentType: null, outputTokensMax: null },
      facts: new AttemptFacts(provider.name, 'first', { id: '', startedAt: 0 }),
      settings,
      sweep,
      reach,
      signal: new AbortController().signal,
      proxy,
      freshSocket: false,
      prefill: null,
    },
  )
  opened.cancel()
  return opened.reader === null ? JSON.parse(Buffer.concat(opened.head).toString()) : null
}

/** One entry of OpenAI's list as Gemini's clients know models. */
export function asGeminiModel(entry: JsonObject): JsonObject {
  return {
    name: `models/${String(entry.id)}`,
    displayName: entry.id,
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent'],
  }
}

/** OpenAI's list object as Gemini's. */
export function asGeminiModels({ data }: JsonObject): JsonObject {
  return { models: Array.isArray(data) ? data.filter(isObject).map(asGeminiModel) : [] }
}

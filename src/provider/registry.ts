/**
 * Every kind of provider, in one explicit list: the executable holds exactly these, and nothing is
 * looked up by a path made at run time. A new kind is one file and one line here.
 */
import type { DemoSettings, ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { alibaba } from './alibaba.ts'
import { anthropic } from './anthropic.ts'
import { azure } from './azure.ts'
import { bedrock } from './bedrock.ts'
import { cerebras } from './cerebras.ts'
import { matchesModel } from './claims.ts'
import { cohere } from './cohere.ts'
import { type CompatibleKind, compatible, compatibleKind } from './compatible.ts'
import { deepseek } from './deepseek.ts'
import { demo } from './demo/demo.ts'
import { fireworks } from './fireworks.ts'
import { gemini } from './gemini.ts'
import { groq } from './groq.ts'
import { huggingface } from './huggingface.ts'
import { llamacpp } from './llamacpp.ts'
import { lmstudio } from './lmstudio.ts'
import { mistral } from './mistral.ts'
import { moonshot } from './moonshot.ts'
import { ollama, ollamaQuirks } from './ollama.ts'
import { openai, openaiQuirks } from './openai.ts'
import { openrouter } from './openrouter.ts'
import { perplexity } from './perplexity.ts'
import type { Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'
import type { Quirk } from './quirks.ts'
import { snowflake } from './snowflake.ts'
import { together } from './together.ts'
import { vertex } from './vertex.ts'
import { vllm } from './vllm.ts'
import { voyage } from './voyage.ts'
import { watsonx, watsonxQuirks } from './watsonx.ts'
import { writer } from './writer.ts'
import { xai } from './xai.ts'
import { zai } from './zai.ts'

/** Makes one provider from its settings. */
type ProviderFactory = (
  settings: ProviderSettings,
  protocols: Protocols,
  demoSettings: DemoSettings,
  proxy: string | null,
) => Provider

/** The kinds that are nothing but data. */
const compatibleKinds: Readonly<Record<string, CompatibleKind>> = {
  openai,
  mistral,
  groq,
  deepseek,
  xai,
  openrouter,
  together,
  fireworks,
  cerebras,
  perplexity,
  huggingface,
  alibaba,
  moonshot,
  zai,
  writer,
  snowflake,
  voyage,
  vllm,
  lmstudio,
  llamacpp,
  'openai-compatible': compatible,
}

/** The kinds that need more than data. */
const kinds: Readonly<Record<string, ProviderFactory>> = {
  ...Object.fromEntries(
    Object.entries(compatibleKinds).map(([name, kind]) => [name, compatibleKind(kind)]),
  ),
  azure,
  anthropic,
  gemini,
  vertex: (settings, protocols, _, proxy) => vertex(settings, protocols, proxy),
  watsonx,
  bedrock,
  cohere,
  ollama,
  demo,
}

/** The names of all kinds. */
export const providerKinds: readonly string[] = Object.keys(kinds)

/** What is different in translated requests, by kind; the README is made from it. */
export const providerQuirks: Readonly<Record<string, readonly Quirk[]>> = {
  ...Object.fromEntries(
    Object.entries(compatibleKinds).map(([name, { quirks }]) => [name, quirks]),
  ),
  azure: openaiQuirks,
  ollama: ollamaQuirks,
  watsonx: watsonxQuirks,
}

/**
 * The enabled providers by name, in the order of `settings`; the order decides between two that
 * claim one model name. A provider with several keys is one for each, the first with the `others`
 * in it. One under a name of its own claims the bare names that are listed for it and no others:
 * the names that its kind is known for are meant for the provider of that name.
 *
 * @param proxy for what providers fetch by themselves, such as tokens; null uses none.
 * @throws GatewayError `internal_error` for a name that occurs twice, an address or a key that
 * cannot be used; the message names the provider and never the key.
 */
export function buildProviders(
  settings: readonly ProviderSettings[],
  demoSettings: DemoSettings,
  protocols: Protocols,
  proxy: string | null = null,
): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>()
  for (const entry of settings) {
    if (providers.has(entry.name)) throw misconfigured(entry.name, 'It is configured twice.')
    const make = Object.hasOwn(kinds, entry.kind) ? kinds[entry.kind] : undefined
    if (make === undefined) throw misconfigured(entry.name, 'Its kind is unknown.')
    const { furtherApiKeys = [], ...first } = entry
    const made = (apiKey: string | null): Provider => {
      const provider = make({ ...first, apiKey }, protocols, demoSettings, proxy)
      return entry.name === entry.kind ? provider : { ...provider, claims: listedOnly(entry) }
    }
    try {
      const others = furtherApiKeys.map((key, index) => ({
        ...made(key),
        credential: String(index + 2),
      }))
      const provider = made(entry.apiKey)
      providers.set(entry.name, others.length === 0 ? provider : { ...provider, others })
    } catch (thrown) {
      throw misconfigured(entry.name, thrown instanceof GatewayError ? thrown.message : '')
    }
  }
  return providers
}

const listedOnly =
  ({ models }: ProviderSettings) =>
  (model: string): boolean =>
    matchesModel(models, model)

function misconfigured(name: string, why: string): GatewayError {
  return new GatewayError('internal_error', {
    message: `The provider \`${name}\` cannot be used. ${why}`.trim(),
  })
}

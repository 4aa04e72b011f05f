/** Any endpoint that speaks OpenAI's API, and what tells one such provider from another. */
import type { ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type { EmbeddingsApi } from '../protocol/asides.ts'
import { addressBelow } from './address.ts'
import { foreignTo } from './carried.ts'
import { matchesModel } from './claims.ts'
import { bearer } from './credentials.ts'
import { documentedOnly } from './message-quirks.ts'
import { type OpenAIDialect, openaiDial, type Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'
import { applyQuirks, type Quirk } from './quirks.ts'

/** A provider of the OpenAI family: the whole of its file. */
export interface CompatibleKind {
  /** The dialects that it answers in. Clients of any other are translated to chat. */
  readonly speaks: readonly OpenAIDialect[]
  /** The names that nobody else gives to models. */
  readonly claims?: RegExp
  /** Where it chats, if not at `/chat/completions`. */
  readonly chatPath?: string
  /** What an address without a path is meant to have. */
  readonly root?: string
  /** As in `Provider.family`; most have a good part of OpenAI's API. */
  readonly family?: 'openai' | null
  /** How it makes embeddings, where that is not quite OpenAI's way. */
  readonly embeddings?: EmbeddingsApi
  /** What is different in bodies that were translated for it, in order. */
  readonly quirks: readonly Quirk[]
}

/**
 * The way to make providers of a kind. Those throw `GatewayError` for an address or a key that
 * cannot be used.
 */
export function compatibleKind(
  kind: CompatibleKind,
): (settings: ProviderSettings, protocols: Protocols) => Provider {
  const { speaks: dialects, claims, chatPath = '/chat/completions', root = '', quirks } = kind
  const { family = 'openai', embeddings } = kind
  return (settings, protocols) => ({
    name: settings.name,
    settings,
    family,
    dial: openaiDial(protocols, { dialects, chatPath, preferred: preferredOf(settings) }),
    url: addressBelow(rooted(settings.baseUrl, root)),
    authorize: bearer(settings.apiKey),
    amend: (body) => applyQuirks(quirks, body),
    foreign: foreignTo(quirks),
    ...(embeddings !== undefined && { embeddings }),
    claims: (model) => claims?.test(model) === true || matchesModel(settings.models, model),
  })
}

/** The operator's choice of what foreign clients are translated to. */
function preferredOf({ options }: ProviderSettings): 'openai-chat' | 'openai-responses' {
  const choice = options?.dialect ?? 'chat'
  if (choice === 'chat' || choice === 'responses') return `openai-${choice}`
  throw new GatewayError('internal_error', { message: 'Its dialect is chat or responses.' })
}

/** Servers of one's own are often given by host and port only. */
function rooted(baseUrl: string, root: string): string {
  return URL.parse(baseUrl)?.pathname === '/' ? `${baseUrl.replace(/\/+$/, '')}${root}` : baseUrl
}

/**
 * Whatever the operator lists under a name of its own. It claims no bare names but those listed,
 * because such an endpoint may serve anything.
 */
export const compatible: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions', 'openai-responses'],
  quirks: documentedOnly,
}

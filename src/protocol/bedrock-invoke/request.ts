/**
 * Writes the body of `InvokeModel` for Claude: that of the Messages API, with a version in it, and
 * without what AWS says in the path (reference 7.2).
 */
import type { JsonObject } from '../../core/json.ts'
import { writeRequest as writeMessagesRequest } from '../anthropic-messages/request-write.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest, MediaSource, Message } from '../hub/request.ts'

const dialect = 'bedrock-invoke'

/** The one version that there is. */
const VERSION = 'bedrock-2023-05-31'

/** @throws GatewayError a 400 that names the parameter, for what the dialect cannot say. */
export function writeRequest(request: HubRequest): JsonObject {
  for (const { parts } of request.messages) refuseForeignMedia(parts)
  const {
    model: _model,
    stream: _stream,
    service_tier: _tier,
    ...body
  } = writeMessagesRequest(request)
  return { anthropic_version: VERSION, ...body }
}

/**
 * Adds the features that a client of the Messages API switched on in its `anthropic-beta` header;
 * AWS takes them in the body. Anthropic's own client for Bedrock moves them in the same way.
 */
export function withBetas(body: JsonObject, header: string | null): JsonObject {
  const named = (header ?? '').split(',').map((name) => name.trim())
  const present = Array.isArray(body.anthropic_beta) ? body.anthropic_beta : []
  const betas = [...new Set([...present, ...named.filter((name) => name !== '')])]
  return betas.length === 0 ? body : { ...body, anthropic_beta: betas }
}

/** The same question for `CountTokens`, which takes the body of an `InvokeModel` in base64. */
export function writeCountRequest(request: HubRequest): JsonObject {
  const body = Buffer.from(JSON.stringify(writeRequest(request))).toString('base64')
  return { input: { invokeModel: { body } } }
}

/** What would have to be fetched, and is not. */
function refuseForeignMedia(parts: Message['parts']): void {
  for (const part of parts) {
    if (part.type === 'tool-result') refuseForeignMedia(part.content)
    if (part.type !== 'image' && part.type !== 'file') continue
    refuseSource(part.source, part.type)
  }
}

function refuseSource({ kind }: MediaSource, what: 'image' | 'file'): void {
  if (kind === 'url') throw cannotSay(dialect, `${what}.url`)
  if (kind === 'file') throw cannotSay(dialect, 'file.id')
}

/** Counting without asking: `/v1/messages/count_tokens`. */
import { type JsonObject, numberAt } from '../../core/json.ts'
import type { HubRequest } from '../hub/request.ts'
import type { RequestPath } from '../translation.ts'
import { readAnyRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'

/** The fields of a request that go into its tokens; any other is refused there. */
const counted: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking', 'output_config'],
  ...['cache_control', 'mcp_servers', 'context_management', 'speed'],
])

/**
 * A request whose tokens are to be counted. It is a request without an answer, so no limit of the
 * answer is required.
 * @throws GatewayError a 400 that names the parameter at fault.
 */
export function readCountRequest(body: JsonObject, path: RequestPath): HubRequest {
  return { ...readAnyRequest(body, path), stream: false }
}

/**
 * The question for a provider.
 * @throws GatewayError a 400 that names what cannot be said.
 */
export function writeCountRequest(request: HubRequest): JsonObject {
  const fields = Object.entries(writeRequest(request)).filter(([key]) => counted.has(key))
  return Object.fromEntries(fields)
}

/** The count in a provider's answer, or null where it holds none. */
export function readCount(body: JsonObject): number | null {
  return numberAt(body, 'input_tokens')
}

/** The answer for a client. */
export function writeCount(inputTokens: number): JsonObject {
  return { input_tokens: inputTokens }
}

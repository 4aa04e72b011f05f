/** `/model/{id}/count-tokens`, which takes what Converse would get. */
import { type JsonObject, numberAt } from '../../core/json.ts'
import { filled } from '../hub/foreign-fields.ts'
import type { HubRequest } from '../hub/request.ts'
import { writeRequest } from './request.ts'

/** @throws GatewayError a 400 that names the parameter, for what Converse cannot say. */
export function writeCountRequest(request: HubRequest): JsonObject {
  const { messages, system, toolConfig, additionalModelRequestFields } = writeRequest(request)
  const rest = filled({ system, toolConfig, additionalModelRequestFields })
  return { input: { converse: { messages, ...rest } } }
}

/** The count, or null where the answer holds none. */
export function readCount(answer: JsonObject): number | null {
  return numberAt(answer, 'inputTokens')
}

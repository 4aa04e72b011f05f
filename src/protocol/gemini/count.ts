/** `countTokens`: how long a request is, without an answer to it. */
import { isObject, type JsonObject, numberAt } from '../../core/json.ts'
import type { HubRequest } from '../hub/request.ts'
import type { RequestPath } from '../translation.ts'
import { camelKeys } from './fields.ts'
import { invalid } from './invalid.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'

/**
 * The request whose tokens are to be counted: `contents` alone, a whole request under
 * `generateContentRequest` (Gemini API), or one spread out (Vertex).
 * @throws GatewayError a 400 that names the parameter.
 */
export function readCountRequest(given: JsonObject, path: RequestPath): HubRequest {
  const body = camelKeys(given)
  const { generateContentRequest, ...rest } = body
  if (generateContentRequest === undefined) return readRequest(rest, path)
  if (!isObject(generateContentRequest)) throw invalid('generateContentRequest', 'an object')
  return readRequest(generateContentRequest, path)
}

/**
 * The body for a provider.
 * @param place the Gemini API wants all but `contents` in a request of its own, with the model.
 */
export function writeCountRequest(request: HubRequest, place: 'gemini' | 'vertex'): JsonObject {
  const body = writeRequest(request)
  if (place === 'vertex') return body
  const isPlain = Object.keys(body).every((key) => key === 'contents')
  const model = `models/${request.model.replace(/^models\//, '')}`
  return isPlain ? body : { generateContentRequest: { model, ...body } }
}

/** A count of tokens. */
export interface TokenCount {
  readonly totalTokens: number
  readonly cachedTokens: number | null
}

/** The count in an answer, or null where there is none. */
export function readCount(body: JsonObject): TokenCount | null {
  const totalTokens = numberAt(body, 'totalTokens')
  if (totalTokens === null) return null
  return { totalTokens, cachedTokens: numberAt(body, 'cachedContentTokenCount') }
}

/** The answer to a client. */
export function writeCount({ totalTokens, cachedTokens }: TokenCount): JsonObject {
  return {
    totalTokens,
    ...(cachedTokens !== null && { cachedContentTokenCount: cachedTokens }),
  }
}

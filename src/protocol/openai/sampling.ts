/** The fields of a request that chat and completions share, in both directions. */
import { GatewayError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { emptyRequest } from '../hub/empty-request.ts'
import type { HubRequest } from '../hub/request.ts'
import type { ProtocolName } from '../names.ts'
import type { RequestPath } from '../translation.ts'
import type { Fields } from './fields.ts'

/**
 * A request of which the model, the stream and how to sample are known, and nothing else.
 * @throws GatewayError for one without a model, and for a field of the wrong type.
 */
export function readSampling(fields: Fields, path: RequestPath, dialect: ProtocolName): HubRequest {
  const model = fields.text('model') ?? path.model
  if (!model) throw new GatewayError('missing_model', { param: 'model' })
  return {
    ...emptyRequest(model, dialect),
    stream: fields.flag('stream') ?? path.stream ?? false,
    temperature: fields.number('temperature'),
    topP: fields.number('top_p'),
    topK: fields.integer('top_k'),
    stop: fields.texts('stop'),
    seed: fields.integer('seed'),
    choices: fields.integer('n'),
    frequencyPenalty: fields.number('frequency_penalty'),
    presencePenalty: fields.number('presence_penalty'),
    logitBias: fields.object('logit_bias'),
  }
}

/** The same fields in a body; null for what is not said. */
export function writeSampling(request: HubRequest): JsonObject {
  return {
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    stop: request.stop.length > 0 ? request.stop : null,
    seed: request.seed,
    n: request.choices,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    logit_bias: request.logitBias,
    user: request.userId,
  }
}

/** `object` without the fields that are null. */
export function withoutNulls(object: JsonObject): JsonObject {
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(object)) {
    if (value !== null && value !== undefined) kept[key] = value
  }
  return kept
}

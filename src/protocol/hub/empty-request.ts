/** The request from which every reader starts. */
import type { ProtocolName } from '../names.ts'
import type { HubRequest } from './request.ts'

/** A request to `model` in which nothing is said, read from `dialect`. */
export function emptyRequest(model: string, dialect: ProtocolName): HubRequest {
  return {
    model,
    stream: false,
    messages: [],
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    responseFormat: null,
    reasoning: null,
    outputTokensMax: null,
    temperature: null,
    topP: null,
    topK: null,
    stop: [],
    seed: null,
    choices: null,
    frequencyPenalty: null,
    presencePenalty: null,
    logprobs: null,
    topLogprobs: null,
    logitBias: null,
    userId: null,
    serviceTier: null,
    metadata: null,
    includeUsage: null,
    store: null,
    verbosity: null,
    extra: { dialect, fields: {} },
  }
}

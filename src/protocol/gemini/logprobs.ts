/** Log probabilities, in Google's shape and in the hub's, which is OpenAI's. */
import { isObject, type JsonObject, numberAt, textAt } from '../../core/json.ts'
import type { Logprobs } from '../hub/events.ts'
import { camelAt, objectsAt } from './fields.ts'

/** The hub's form of a candidate's `logprobsResult`, or null where it has none. */
export function readLogprobs(candidate: JsonObject): Logprobs | null {
  const result = camelAt(candidate, 'logprobsResult')
  if (result === null) return null
  const tops = objectsAt(result, 'topCandidates')
  const content = objectsAt(result, 'chosenCandidates').map((chosen, index) => ({
    ...tokenOf(chosen),
    top_logprobs: objectsAt(tops[index] ?? {}, 'candidates').map(tokenOf),
  }))
  return content.length === 0 ? null : { content, refusal: null }
}

function tokenOf(candidate: JsonObject): JsonObject {
  return {
    token: textAt(candidate, 'token') ?? '',
    logprob: numberAt(candidate, 'logProbability') ?? 0,
    bytes: null,
  }
}

/** Google's form of the hub's log probabilities, or null where they hold no tokens. */
export function writeLogprobs(logprobs: Logprobs): JsonObject | null {
  const tokens = Array.isArray(logprobs.content) ? logprobs.content.filter(isObject) : []
  if (tokens.length === 0) return null
  return {
    chosenCandidates: tokens.map(candidateOf),
    topCandidates: tokens.map((token) => ({
      candidates: objectsAt(token, 'top_logprobs').map(candidateOf),
    })),
  }
}

function candidateOf(token: JsonObject): JsonObject {
  return { token: textAt(token, 'token') ?? '', logProbability: numberAt(token, 'logprob') ?? 0 }
}

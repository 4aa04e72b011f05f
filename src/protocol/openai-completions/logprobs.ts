/**
 * Log probabilities of legacy completions: four lists side by side, where chat has a list of
 * objects. The hub has chat's shape.
 */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Logprobs } from '../hub/events.ts'

/** The legacy lists in chat's shape, or null where there are no tokens. */
export function readLogprobs(logprobs: unknown): Logprobs | null {
  if (!isObject(logprobs)) return null
  // Compatible servers send chat's shape here as well.
  if (listOf(logprobs.content).length > 0) return { content: logprobs.content, refusal: null }
  const tokens = listOf(logprobs.tokens)
  if (tokens.length === 0) return null
  const scores = listOf(logprobs.token_logprobs)
  const rivals = listOf(logprobs.top_logprobs)
  const content = tokens.map((token, index) => ({
    token,
    logprob: scores[index] ?? null,
    bytes: typeof token === 'string' ? [...Buffer.from(token)] : null,
    top_logprobs: readRivals(rivals[index]),
  }))
  return { content, refusal: null }
}

function readRivals(rivals: unknown): readonly JsonObject[] {
  if (!isObject(rivals)) return []
  return Object.entries(rivals).map(([token, logprob]) => ({
    ...{ token, logprob },
    bytes: [...Buffer.from(token)],
  }))
}

/** Writes the scores of one choice; counts the characters of its tokens as it goes. */
export class LogprobsWrite {
  #offset = 0

  /** `logprobs` as the legacy lists. */
  write(logprobs: Logprobs): JsonObject | null {
    const content = listOf(logprobs.content).filter(isObject)
    if (content.length === 0) return null
    const offsets = content.map(({ token }) => {
      const at = this.#offset
      // Characters, not UTF-16 units, as the API counts them.
      this.#offset += typeof token === 'string' ? [...token].length : 0
      return at
    })
    return {
      tokens: content.map(({ token }) => token),
      token_logprobs: content.map(({ logprob }) => logprob ?? null),
      top_logprobs: content.map(({ top_logprobs: rivals }) => writeRivals(rivals)),
      text_offset: offsets,
    }
  }
}

function writeRivals(rivals: unknown): JsonObject {
  const entries = listOf(rivals).filter(isObject)
  return Object.fromEntries(entries.map(({ token, logprob }) => [String(token), logprob]))
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

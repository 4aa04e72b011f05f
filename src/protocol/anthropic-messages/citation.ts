/** Citations: which source a piece of text rests on. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import type { Citation } from '../hub/request.ts'
import { dialect, ownValue } from './words.ts'

/** A citation in the hub; null for what is no object. Positions are the source's, not ours. */
export function readCitation(value: unknown): Citation | null {
  if (!isObject(value)) return null
  const isSearch = value.type === 'search_result_location'
  return {
    url: textAt(value, 'url') ?? (isSearch ? textAt(value, 'source') : null),
    title: textAt(value, 'title') ?? textAt(value, 'document_title'),
    citedText: textAt(value, 'cited_text'),
    start: null,
    end: null,
    native: { dialect, value },
  }
}

/**
 * A citation for a client: our own as it was, another dialect's as the result of a web search,
 * which is the only kind that needs no document in the request. Null without an address.
 */
export function writeCitation(citation: Citation): JsonObject | null {
  const own = ownValue(citation.native)
  if (own !== null) return own
  if (citation.url === null) return null
  return {
    type: 'web_search_result_location',
    cited_text: citation.citedText ?? '',
    encrypted_index: '',
    title: citation.title,
    url: citation.url,
  }
}

/**
 * The citations that may go back to a provider: its own. One that we made carries no
 * `encrypted_index` and would be refused.
 */
export function writeOwnCitations(citations: readonly Citation[]): readonly JsonObject[] {
  return citations
    .map((citation) => ownValue(citation.native))
    .filter((own) => own !== null)
    .filter((own) => own.encrypted_index !== '')
}

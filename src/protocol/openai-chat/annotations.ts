/** Sources that an answer refers to: `annotations`, and the lists that some put beside choices. */
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import type { Citation } from '../hub/request.ts'

/** The citation in an annotation, or null where it is none of an address. */
export function readAnnotation(annotation: unknown): Citation | null {
  if (!isObject(annotation)) return null
  const cited = objectAt(annotation, 'url_citation')
  if (cited === null) return null
  const end = numberAt(cited, 'end_index')
  return {
    url: textAt(cited, 'url'),
    title: textAt(cited, 'title') || null,
    citedText: textAt(cited, 'content'),
    // OpenRouter writes 0 to 0 where it knows no place.
    start: end === 0 ? null : numberAt(cited, 'start_index'),
    end: end === 0 ? null : end,
    native: { dialect: 'openai-chat', value: annotation },
  }
}

/**
 * A citation as an annotation; null where it has no address, which an annotation must have.
 * Places that nobody told are 0, as OpenRouter writes them, because the type wants numbers.
 */
export function writeAnnotation(citation: Citation): JsonObject | null {
  const { url, title, citedText, start, end, native } = citation
  if (native.dialect === 'openai-chat' && isObject(native.value)) return native.value
  if (url === null) return null
  return {
    type: 'url_citation',
    url_citation: {
      start_index: start ?? 0,
      end_index: end ?? 0,
      title: title ?? url,
      url,
      ...(citedText !== null && { content: citedText }),
    },
  }
}

/**
 * The sources of a whole chunk: Perplexity's `search_results`, which say more than its list of
 * addresses, or `citations`, which xAI sends as well.
 */
export function readSources(chunk: JsonObject): readonly Citation[] {
  const { search_results: results, citations } = chunk
  const listed = Array.isArray(results) && results.length > 0 ? results : citations
  if (!Array.isArray(listed)) return []
  return listed.flatMap((source: unknown): Citation[] => {
    const about = isObject(source) ? source : { url: source }
    const url = textAt(about, 'url')
    if (url === null) return []
    const content = textAt(about, 'snippet')
    const cited = {
      ...{ start_index: 0, end_index: 0, title: textAt(about, 'title') ?? url, url },
      ...(content !== null && { content }),
    }
    const citation = readAnnotation({ type: 'url_citation', url_citation: cited })
    return citation === null ? [] : [citation]
  })
}

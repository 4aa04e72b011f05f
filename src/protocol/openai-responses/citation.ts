/** Sources that an answer refers to: `annotations` here, citations in the hub. */
import { isObject, type JsonObject, numberAt, textAt } from '../../core/json.ts'
import type { Citation } from '../hub/request.ts'
import { ownNative, ownValue } from './words.ts'

/** One annotation as a citation; null for what is no object. */
export function readAnnotation(annotation: unknown): Citation | null {
  if (!isObject(annotation)) return null
  return {
    url: textAt(annotation, 'url'),
    title: textAt(annotation, 'title') ?? textAt(annotation, 'filename'),
    citedText: null,
    start: numberAt(annotation, 'start_index'),
    end: numberAt(annotation, 'end_index'),
    native: ownNative(annotation),
  }
}

/** The citations of a list of annotations. */
export function readAnnotations(annotations: unknown): Citation[] {
  if (!Array.isArray(annotations)) return []
  return annotations.map(readAnnotation).filter((citation) => citation !== null)
}

/**
 * The annotation for a citation, or null where it has neither an address nor a title.
 * @param textLength how long the text is that it belongs to: a citation that does not say which
 *   characters it supports is for all of them.
 */
export function writeAnnotation(citation: Citation, textLength: number): JsonObject | null {
  const own = ownValue(citation.native)
  if (own !== null) return own
  const { url, title, start, end } = citation
  if (url !== null) {
    return {
      type: 'url_citation',
      start_index: start ?? 0,
      end_index: end ?? textLength,
      url,
      title: title ?? '',
    }
  }
  if (title === null) return null
  return { type: 'file_citation', file_id: '', filename: title, index: end ?? textLength }
}

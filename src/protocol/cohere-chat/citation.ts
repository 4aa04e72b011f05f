/** Citations of Cohere: a stretch of the answer, and the documents or tool outputs it rests on. */
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import type { Citation } from '../hub/request.ts'

/**
 * One citation for each source, because that is how every other dialect counts them. Places are
 * those of the answer. Empty where the citation is of a plan or of thinking, which is not shown.
 */
export function readCitations(value: JsonObject): readonly Citation[] {
  const type = textAt(value, 'type')
  if (type !== null && type !== 'TEXT_CONTENT') return []
  const place = { start: numberAt(value, 'start'), end: numberAt(value, 'end') }
  const native = { dialect: 'cohere-chat', value } as const
  const sources = Array.isArray(value.sources) ? value.sources.filter(isObject) : []
  return sources.map((source) => {
    const said = objectAt(source, 'document') ?? objectAt(source, 'tool_output') ?? {}
    return {
      url: textAt(said, 'url'),
      title: textAt(said, 'title') ?? textAt(source, 'id'),
      citedText: textAt(said, 'snippet') ?? textAt(said, 'text') ?? textAt(said, 'content'),
      ...place,
      native,
    }
  })
}

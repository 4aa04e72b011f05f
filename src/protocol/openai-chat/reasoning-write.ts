/** Reasoning as chat completions say it, so that it can be sent back with the next turn. */
import type { JsonObject } from '../../core/json.ts'
import type { ReasoningPart } from '../hub/request.ts'
import type { ProtocolName } from '../names.ts'
import { writeSignature } from './signature.ts'

/**
 * The fields of a message for `parts`: the text under the name that most clients and providers
 * know, and where there is more to it than one text, `reasoning_details` with all of it.
 * @param mayReturn whose signatures may be said here; those of others are left out.
 */
export function writeReasoning(
  parts: readonly ReasoningPart[],
  mayReturn: (signedBy: ProtocolName) => boolean,
): JsonObject {
  const allowed = parts.map((part) =>
    part.signedBy === null || mayReturn(part.signedBy)
      ? part
      : { ...part, signature: null, redacted: null, signedBy: null, id: null },
  )
  const said = allowed.filter(({ text, signature, redacted }) => text || signature || redacted)
  const text = said.map((part) => part.text).join('')
  const hasMore = said.length > 1 || said.some(({ signedBy, id }) => signedBy ?? id)
  return {
    ...(text !== '' && { reasoning_content: text }),
    ...(hasMore && { reasoning_details: said.flatMap(writeDetails) }),
  }
}

/** The entries of one part. Entries with one index belong together. */
export function writeDetails(part: ReasoningPart, index: number): readonly JsonObject[] {
  const { text, signature, redacted, signedBy, id } = part
  const entries: JsonObject[] = []
  const about = { ...(id !== null && { id }), index }
  if (text !== '' || signature !== null || redacted === null) {
    const signed =
      signature === null || signedBy === null ? null : writeSignature({ signature, signedBy })
    entries.push({ type: 'reasoning.text', ...(text !== '' && { text }), ...signed, ...about })
  }
  if (redacted !== null && signedBy !== null) {
    const { signature: data, format } = writeSignature({ signature: redacted, signedBy })
    entries.push({ type: 'reasoning.encrypted', data, format, ...about })
  }
  return entries
}

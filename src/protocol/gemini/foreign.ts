/** Conversations that Google would refuse, because another provider had its turn in them. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import { camelAt, objectsAt, wordAt } from './fields.ts'
import { unsealSignature } from './signature.ts'

/**
 * What Google documents for calls that it did not make: newer models refuse a call without a
 * signature, unless this stands in its place.
 */
export const SIGNATURE_STAND_IN = 'skip_thought_signature_validator'

/** Whether models of this name insist on signatures: all but those before Gemini 3. */
export const needsSignedCalls = (model: string): boolean =>
  !/(?:^|\/)(?:gemini-[12](?:\.|-|$)|gemma-)/.test(model)

/**
 * Whether a request carries a turn of another provider: thinking that we sealed, or calls with the
 * ids that we gave them and without a signature. Such a request cannot go to Google as it is,
 * though both sides speak the same; translated, it is put right.
 */
export function hasForeignTurns(body: JsonObject): boolean {
  const contents = Array.isArray(body.contents) ? body.contents : []
  return contents.some((content) => {
    if (!isObject(content) || content.role !== 'model') return false
    const parts = objectsAt(content, 'parts')
    const firstCall = parts.find((part) => camelAt(part, 'functionCall') !== null)
    return parts.some(isSealed) || (firstCall !== undefined && isUnsigned(firstCall))
  })
}

function isSealed(part: JsonObject): boolean {
  const signature = wordAt(part, 'thoughtSignature')
  return signature !== null && unsealSignature(signature) !== null
}

/** Models that do not sign give no ids either. */
function isUnsigned(part: JsonObject): boolean {
  const call = camelAt(part, 'functionCall')
  const hasId = call !== null && (textAt(call, 'id') ?? '') !== ''
  return hasId && wordAt(part, 'thoughtSignature') === null
}

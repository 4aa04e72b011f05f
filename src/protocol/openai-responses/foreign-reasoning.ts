/** Reasoning in a conversation that OpenAI would refuse, because it did not make it. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import { unseal } from '../hub/sealed.ts'

/**
 * Whether a request carries reasoning of another provider: sealed by us, or without anything that
 * proves it and under an id that we gave it, which OpenAI would look up in vain. Such a request
 * cannot go there as it is, though both sides speak the same; translated, it is left out.
 */
export function hasForeignReasoning(body: JsonObject): boolean {
  const items = Array.isArray(body.input) ? body.input : []
  return items.some((item) => {
    if (!isObject(item) || item.type !== 'reasoning') return false
    const secret = textAt(item, 'encrypted_content') ?? ''
    return secret === '' ? isMadeHere(textAt(item, 'id')) : unseal(secret) !== null
  })
}

/** Our ids of reasoning items. OpenAI's are longer, those of open servers shorter. */
const madeHere = /^rs_[0-9a-f]{40}$/

/** Whether we gave a reasoning item its id, because the provider that made it gave none. */
export function isMadeHere(id: string | null): boolean {
  return id !== null && madeHere.test(id)
}

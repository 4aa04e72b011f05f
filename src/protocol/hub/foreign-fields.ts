/**
 * Top-level fields of a client's dialect that a provider of another one can do without, because
 * they concern how the answer travels, is paid for or is kept, and never what it says.
 */
import type { JsonObject } from '../../core/json.ts'
import { cannotSay, dropped, type Loss, type Losses } from './losses.ts'
import type { HubRequest } from './request.ts'

/** The list, to be part of the losses of every dialect that has none of them. */
export const foreignFields: readonly Loss[] = [
  dropped('prompt_cache_key', 'Prefixes are cached without a key, or by markers.'),
  dropped('prompt_cache_retention', 'There is no such setting.'),
  dropped('safety_identifier', 'There is no field for the end user.'),
  dropped('prediction', 'It only makes other providers faster.'),
  dropped('include', 'It only adds details to the answers of other providers.'),
  dropped('truncation', 'It concerns state that is kept elsewhere.'),
  dropped('stream_options', 'It concerns the stream that the client gets.'),
]

/**
 * Checks the fields that a reader did not understand against the list.
 * @throws GatewayError the 400 that names the first one that may not be dropped.
 */
export function dropExtra({ fields }: HubRequest['extra'], losses: Losses): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue
    if (!losses.request.some(({ what, how }) => what === name && how === 'dropped')) {
      throw cannotSay(losses.dialect, name)
    }
  }
}

/** `object` without the fields that are null, undefined, or an empty list or object. */
export function filled(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

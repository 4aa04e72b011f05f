/** `GET /v1/models`: the lists of all providers as one. */
import { isObject, type JsonObject, numberAt, textAt } from '../core/json.ts'
import type { Provider } from './provider.ts'

/** What one provider answered to `GET /models`, parsed. */
export interface ModelList {
  readonly provider: Provider
  readonly body: unknown
}

/**
 * One list in OpenAI's shape. Ids become `provider/model`, so that each can be sent back as it is;
 * other fields stay. Entries without an id and bodies that are no list are left out: one broken
 * provider must not hide the others. Sorted by id, each id once.
 */
export function mergeModels(lists: readonly ModelList[]): JsonObject {
  const byId = new Map<string, JsonObject>()
  for (const { provider, body } of lists) {
    for (const entry of entriesOf(body)) {
      const model = isObject(entry) ? named(entry, provider) : null
      if (model !== null && !byId.has(model.id)) byId.set(model.id, model)
    }
  }
  const ids = [...byId.keys()].sort()
  return { object: 'list', data: ids.map((id) => byId.get(id)) }
}

/** Some compatible servers answer with the bare array. */
function entriesOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body
  return isObject(body) && Array.isArray(body.data) ? body.data : []
}

function named(entry: JsonObject, provider: Provider): (JsonObject & { id: string }) | null {
  const id = textAt(entry, 'id')
  if (id === null || id === '') return null
  return {
    ...entry,
    id: `${provider.name}/${id}`,
    object: 'model',
    created: numberAt(entry, 'created') ?? 0,
    owned_by: textAt(entry, 'owned_by') ?? provider.name,
  }
}

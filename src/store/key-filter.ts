/** Which managed keys a list shows. */
import type { SqlValue } from './database.ts'

/** Which keys are listed. All that is given must hold. */
export interface KeyFilter {
  readonly name?: string
  readonly owner?: string
  readonly tag?: string
  readonly state?: 'active' | 'expired' | 'revoked'
  /** The last key of the page before. */
  readonly after?: string
}

/** Only the fragments written here become part of a statement; what is looked for is bound. */
export function conditionsOf(filter: KeyFilter, now: number) {
  const conditions: string[] = []
  const values: SqlValue[] = []
  const add = (condition: (place: string) => string, value: SqlValue | undefined): void => {
    if (value === undefined) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  add((place) => `k.name = ${place}`, filter.name)
  add((place) => `k.owner = ${place}`, filter.owner)
  add(
    (place) =>
      `exists (select 1 from managed_key_tags t where t.key_id = k.id and t.tag = ${place})`,
    filter.tag,
  )
  if (filter.state === 'revoked') conditions.push('k.revoked_at is not null')
  else if (filter.state !== undefined) conditions.push('k.revoked_at is null')
  if (filter.state === 'expired') add((place) => `k.expires_at <= ${place}`, now)
  if (filter.state === 'active') {
    add((place) => `(k.expires_at is null or k.expires_at > ${place})`, now)
  }
  add(
    (place) =>
      `(k.created_at, k.id) < (select created_at, id from managed_keys where id = ${place})`,
    filter.after,
  )
  return { conditions, values }
}

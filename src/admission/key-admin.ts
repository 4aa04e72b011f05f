/** Managed keys for the operator: the routes of the server and the command line call this. */
import type { z } from 'zod'
import { GatewayError } from '../core/errors.ts'
import type { ManagedKey, ManagedSecret } from '../store/key-rows.ts'
import type { KeysTable } from '../store/keys-table.ts'
import {
  changesOf,
  KeyChange,
  KeyCreation,
  KeyQuery,
  KeyRotation,
  type KeyView,
  traitsOf,
  viewOf,
} from './key-bodies.ts'

/** A key with its secret, which is shown this once. */
export interface KeyViewWithSecret extends KeyView {
  readonly secret: string
}

/** A page of keys, the newest first. */
export interface KeyPage {
  readonly keys: readonly KeyView[]
  /** What the next page is asked for as `after`; null where this one is the last. */
  readonly next: string | null
}

/** What was done to a key, for the log. */
export type KeyAction = 'created' | 'changed' | 'rotated' | 'revoked'

/**
 * Managed keys for the operator. Bodies are checked here: GatewayError `invalid_request` names the
 * field at fault, `key_not_found` and `store_unavailable` say what they say.
 */
export interface KeyAdmin {
  create(body: unknown): Promise<KeyViewWithSecret>
  /** @param query fields of `KeyQuery`, as they stand in an address. */
  list(query: Readonly<Record<string, string>>): Promise<KeyPage>
  get(id: string): Promise<KeyView>
  change(id: string, body: unknown): Promise<KeyView>
  rotate(id: string, body: unknown): Promise<KeyViewWithSecret>
  revoke(id: string): Promise<KeyView>
}

/** Keys of a page when nobody says how many. */
const PAGE_DEFAULT = 50

/**
 * @param onChange told after each change, so that this process forgets what it remembers of the
 *   key, tells the others, and writes it into the log.
 */
export function createKeyAdmin(
  table: KeysTable,
  onChange: (id: string, action: KeyAction) => void,
): KeyAdmin {
  const shown = async (key: ManagedKey): Promise<KeyView> =>
    viewOf(key, (await table.secretsOf([key.id])).get(key.id) ?? [])
  return {
    async create(body) {
      const { key, secret } = await table.create(traitsOf(checked(KeyCreation, body)))
      onChange(key.id, 'created')
      return { ...viewOf(key, [fresh(key.createdAt)]), secret }
    },
    async list(query) {
      const { limit, ...filter } = checked(KeyQuery, query)
      const count = Number(limit ?? PAGE_DEFAULT)
      const found = await table.list(filter, count + 1)
      const keys = found.slice(0, count)
      const secrets = await table.secretsOf(keys.map(({ id }) => id))
      return {
        keys: keys.map((key) => viewOf(key, secrets.get(key.id) ?? [])),
        next: found.length > count ? (keys.at(-1)?.id ?? null) : null,
      }
    },
    async get(id) {
      return await shown(there(await table.get(id)))
    },
    async change(id, body) {
      const key = there(await table.change(id, changesOf(checked(KeyChange, body))))
      onChange(id, 'changed')
      return await shown(key)
    },
    async rotate(id, body) {
      const { overlapSecs = 0 } = checked(KeyRotation, body)
      const { key, secret } = there(await table.rotate(id, overlapSecs * 1000))
      onChange(id, 'rotated')
      // Whatever happens from here on, the only copy of the secret must get out.
      const secrets = await table.secretsOf([id]).catch(() => null)
      return { ...viewOf(key, secrets?.get(id) ?? [fresh(key.updatedAt)]), secret }
    },
    async revoke(id) {
      const key = there(await table.revoke(id))
      onChange(id, 'revoked')
      return await shown(key)
    },
  }
}

const fresh = (createdAt: number): ManagedSecret => ({
  createdAt,
  expiresAt: null,
  hashedWith: 'current',
})

function there<Value>(value: Value | null): Value {
  if (value === null) throw new GatewayError('key_not_found')
  return value
}

/** Never shows what was sent: a secret may stand where it does not belong. */
function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue === undefined ? [] : issue.path
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const place = [...path, ...unknown].map(String).join('.').slice(0, 100) || 'body'
  const rule = unknown.length > 0 ? 'is not a field' : (issue?.message ?? 'is not valid')
  throw new GatewayError('invalid_request', { message: `${place}: ${rule}.`, param: place })
}

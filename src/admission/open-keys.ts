/** Everything about keys that a worker has, over one database. */
import type { Config } from '../config/config.ts'
import type { Database } from '../store/database.ts'
import { KeysTable } from '../store/keys-table.ts'
import type { KeyAction, KeyAdmin } from './key-admin.ts'
import { type KeyConfig, KeyRing } from './keys.ts'

/** Keys for the door, and for the operator. */
export interface Keys {
  readonly ring: KeyRing
  readonly admin: KeyAdmin
}

/**
 * Makes both. Nothing is opened before a managed key is made or looked for.
 * @param changed told of each change that was made here, after the ring has forgotten the key.
 */
export function openKeys(
  config: KeyConfig & Pick<Config, 'keySecrets'>,
  database: Database,
  changed: (id: string, action: KeyAction) => void,
): Keys {
  const table = new KeysTable(database, config.keySecrets)
  const ring = new KeyRing(config, table)
  const admin = lazyAdmin(async () => {
    const { createKeyAdmin } = await import('./key-admin.ts')
    return createKeyAdmin(table, (id, action) => {
      ring.forget(id)
      changed(id, action)
    })
  })
  return { ring, admin }
}

/** Loads what checks bodies when an operator first asks: a start does not wait for it. */
function lazyAdmin(load: () => Promise<KeyAdmin>): KeyAdmin {
  let loading: Promise<KeyAdmin> | null = null
  const admin = (): Promise<KeyAdmin> => {
    loading ??= load()
    return loading
  }
  return {
    create: async (body) => (await admin()).create(body),
    list: async (query) => (await admin()).list(query),
    get: async (id) => (await admin()).get(id),
    change: async (id, body) => (await admin()).change(id, body),
    rotate: async (id, body) => (await admin()).rotate(id, body),
    revoke: async (id) => (await admin()).revoke(id),
  }
}

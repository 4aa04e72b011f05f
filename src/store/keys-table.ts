/** Managed keys in the database: made, found by their secret, listed, changed, rotated, revoked. */
import type { KeyTraits } from '../config/client-key.ts'
import { GatewayError } from '../core/errors.ts'
import { randomText } from '../core/ids.ts'
import { type Database, integerAt, type RunStatement } from './database.ts'
import { conditionsOf, type KeyFilter } from './key-filter.ts'
import {
  columnsOf,
  type KeyChanges,
  keyOf,
  type ManagedKey,
  type ManagedSecret,
} from './key-rows.ts'
import { newSecret, type SecretHash, SecretHashes } from './key-secrets.ts'

/** A key, with the only copy of its secret that there will ever be. */
export interface KeyWithSecret {
  readonly key: ManagedKey
  readonly secret: string
}

/** What a secret led to. */
export interface FoundKey {
  readonly key: ManagedKey
  /** When this secret of it ends; null is with the key. */
  readonly secretExpiresAt: number | null
}

/** Secrets that one key may have at once, while it is rotated again and again. */
const SECRETS_MAX = 8

/** Managed keys. Everything here may throw GatewayError `store_unavailable`. */
export class KeysTable {
  readonly #database: Database
  readonly #hashes: SecretHashes

  /** @param keySecrets `KEY_SECRET`, newest first. */
  constructor(database: Database, keySecrets: readonly string[]) {
    this.#database = database
    this.#hashes = new SecretHashes(database, keySecrets)
  }

  /** Whether there can be any at all: false while there is no database yet. */
  isThere(): boolean {
    return this.#database.isThere()
  }

  /** Whether a key was ever made, even if it is revoked by now. */
  async hasAny(): Promise<boolean> {
    if (!this.isThere()) return false
    return (await this.#database.run('select 1 as found from managed_keys limit 1')).length > 0
  }

  /** The key of a secret, or null where it is none, revoked, or over. */
  async find(secret: string, now = Date.now()): Promise<FoundKey | null> {
    if (!this.isThere()) return null
    const hashes = await this.#hashes.all()
    const candidates = hashes.map((hash) => hash.of(secret))
    const places = candidates.map((_, index) => `$${index + 1}`).join(', ')
    const [row] = await this.#database.run(
      `select k.*, s.hash as secret_hash, s.expires_at as secret_expires_at
        from managed_key_secrets s join managed_keys k on k.id = s.key_id
        where s.hash in (${places}) and k.revoked_at is null`,
      candidates,
    )
    if (row === undefined) return null
    const key = keyOf(row)
    const secretExpiresAt = integerAt(row, 'secret_expires_at')
    if (isOver(key.expiresAt, now) || isOver(secretExpiresAt, now)) return null
    const [newest] = hashes
    const [wanted] = candidates
    if (newest !== undefined && wanted !== undefined && row.secret_hash !== wanted) {
      await this.#moveHash(String(row.secret_hash), wanted, newest)
    }
    return { key, secretExpiresAt }
  }

  /** Makes a key. */
  async create(traits: KeyTraits, now = Date.now()): Promise<KeyWithSecret> {
    const secret = newSecret()
    const hash = await this.#newest()
    const id = `key_${randomText(20)}`
    const columns = columnsOf(traits)
    const names = ['id', 'created_at', 'updated_at', ...columns.map(([name]) => name)]
    const values = [id, now, now, ...columns.map(([, value]) => value)]
    await this.#database.transaction(async (run) => {
      await run(
        `insert into managed_keys (${names.join(', ')}) values (${placesOf(values)})`,
        values,
      )
      await writeTags(run, id, traits.tags)
      await writeSecret(run, id, hash, secret, now)
    })
    const key = { ...traits, id, createdAt: now, updatedAt: now, revokedAt: null }
    return { key, secret }
  }

  /** A page of them, the newest first. @param count at most so many. */
  async list(filter: KeyFilter, count: number, now = Date.now()): Promise<readonly ManagedKey[]> {
    if (!this.isThere()) return []
    const { conditions, values } = conditionsOf(filter, now)
    const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
    const rows = await this.#database.run(
      `select k.* from managed_keys k ${where}
        order by k.created_at desc, k.id desc limit $${values.length + 1}`,
      [...values, count],
    )
    return rows.map(keyOf)
  }

  /** One of them, or null. */
  async get(id: string): Promise<ManagedKey | null> {
    if (!this.isThere()) return null
    const [row] = await this.#database.run('select * from managed_keys where id = $1', [id])
    return row === undefined ? null : keyOf(row)
  }

  /** The secrets of these keys that are not over, by key. */
  async secretsOf(
    ids: readonly string[],
    now = Date.now(),
  ): Promise<ReadonlyMap<string, readonly ManagedSecret[]>> {
    const found = new Map<string, ManagedSecret[]>(ids.map((id) => [id, []]))
    if (ids.length === 0 || !this.isThere()) return found
    const labels = (await this.#hashes.all()).map(({ label }) => label)
    const rows = await this.#database.run(
      `select key_id, hashed_with, created_at, expires_at from managed_key_secrets
        where key_id in (${placesOf(ids)}) order by created_at`,
      ids,
    )
    for (const row of rows) {
      const expiresAt = integerAt(row, 'expires_at')
      if (isOver(expiresAt, now)) continue
      const at = labels.indexOf(String(row.hashed_with))
      const hashedWith = at < 0 ? 'unknown' : at === 0 ? 'current' : 'previous'
      const createdAt = integerAt(row, 'created_at') ?? 0
      found.get(String(row.key_id))?.push({ createdAt, expiresAt, hashedWith })
    }
    return found
  }

  /** Changes a key that is not revoked. Null where there is no such key. */
  async change(id: string, changes: KeyChanges, now = Date.now()): Promise<ManagedKey | null> {
    if (!this.isThere()) return null
    const columns = [...columnsOf(changes), ['updated_at', now] as const]
    const sets = columns.map(([name], index) => `${name} = $${index + 1}`).join(', ')
    const values = [...columns.map(([, value]) => value), id]
    return await this.#database.transaction(async (run) => {
      const [row] = await run(
        `update managed_keys set ${sets} where id = $${values.length} and revoked_at is null
          returning *`,
        values,
      )
      if (row === undefined) return await refuseRevoked(run, id)
      if (changes.tags !== undefined) await writeTags(run, id, changes.tags)
      return keyOf(row)
    })
  }

  /** Ends a key for good; its secrets are forgotten. Null where there is no such key. */
  async revoke(id: string, now = Date.now()): Promise<ManagedKey | null> {
    if (!this.isThere()) return null
    return await this.#database.transaction(async (run) => {
      await run(
        `update managed_keys set revoked_at = $1, updated_at = $2
          where id = $3 and revoked_at is null`,
        [now, now, id],
      )
      await run('delete from managed_key_secrets where key_id = $1', [id])
      const [row] = await run('select * from managed_keys where id = $1', [id])
      return row === undefined ? null : keyOf(row)
    })
  }

  /**
   * Gives a key another secret. Null where there is no such key.
   * @param overlapMs how long those before it stay valid; 0 ends them now.
   */
  async rotate(id: string, overlapMs: number, now = Date.now()): Promise<KeyWithSecret | null> {
    if (!this.isThere()) return null
    const secret = newSecret()
    const hash = await this.#newest()
    return await this.#database.transaction(async (run) => {
      // First of all, because in PostgreSQL it is what makes two rotations of one key take turns.
      const [row] = await run(
        'update managed_keys set updated_at = $1 where id = $2 and revoked_at is null returning *',
        [now, id],
      )
      if (row === undefined) return await refuseRevoked(run, id)
      const end = now + overlapMs
      await run(
        `update managed_key_secrets set expires_at = $1
          where key_id = $2 and (expires_at is null or expires_at > $3)`,
        [end, id, end],
      )
      await run('delete from managed_key_secrets where key_id = $1 and expires_at <= $2', [id, now])
      const left = await run('select 1 as one from managed_key_secrets where key_id = $1', [id])
      if (left.length >= SECRETS_MAX) {
        const message = `The key has ${left.length} secrets that are still valid.`
        throw new GatewayError('invalid_request', { message })
      }
      await writeSecret(run, id, hash, secret, now)
      return { key: keyOf(row), secret }
    })
  }

  async #newest(): Promise<SecretHash> {
    const [newest] = await this.#hashes.all()
    if (newest === undefined) throw new GatewayError('store_unavailable')
    return newest
  }

  /** Its key is found as well without; so this is tried again with the next use if it fails. */
  async #moveHash(from: string, to: string, { label }: SecretHash): Promise<void> {
    const values = [to, label, from]
    const statement = 'update managed_key_secrets set hash = $1, hashed_with = $2 where hash = $3'
    await this.#database.run(statement, values).catch(() => {})
  }
}

const isOver = (momentMs: number | null, now: number): boolean =>
  momentMs !== null && momentMs <= now

const placesOf = (values: readonly unknown[]): string =>
  values.map((_, index) => `$${index + 1}`).join(', ')

async function writeTags(run: RunStatement, id: string, tags: readonly string[]): Promise<void> {
  await run('delete from managed_key_tags where key_id = $1', [id])
  for (const tag of new Set(tags)) {
    await run('insert into managed_key_tags (key_id, tag) values ($1, $2)', [id, tag])
  }
}

async function writeSecret(
  run: RunStatement,
  id: string,
  hash: SecretHash,
  secret: string,
  now: number,
): Promise<void> {
  await run(
    `insert into managed_key_secrets (hash, key_id, hashed_with, created_at, expires_at)
      values ($1, $2, $3, $4, null)`,
    [hash.of(secret), id, hash.label, now],
  )
}

/** Null where there is no such key. @throws GatewayError `invalid_request` where it is revoked. */
async function refuseRevoked(run: RunStatement, id: string): Promise<null> {
  const [row] = await run('select id from managed_keys where id = $1', [id])
  if (row === undefined) return null
  throw new GatewayError('invalid_request', { message: 'The key is revoked.' })
}

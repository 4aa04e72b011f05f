/**
 * The secrets of managed keys: how they look, and what is kept in their place.
 *
 * A secret has 256 random bits, so nobody finds it by trying, whatever is known of its hash. The
 * hash is keyed all the same, for another reason: whoever can write to the database, but has not
 * `KEY_SECRET`, cannot put a key of his own into it.
 *
 * `KEY_SECRET` is rotated without new keys for anybody: the new value goes in front of the old one,
 * what was hashed with an older one is found too, and is hashed anew when its key is next used.
 * When the list of keys shows none of `previous` any more, the old value can go. Without
 * `KEY_SECRET` the program makes one at the first use and keeps it in the database, where all
 * machines find it; there it protects from nothing but a mix-up, and a later
 * `KEY_SECRET=<new>,database` leaves it behind.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { secretOfDatabase } from '../config/database-variables.ts'
import type { Database } from './database.ts'

const prefix = 'sk-sluice-'

/** 256 bits in base64url. */
const managedPattern = /^sk-sluice-[\w-]{43}$/

/** A new secret for a client. */
export const newSecret = (): string => `${prefix}${randomBytes(32).toString('base64url')}`

/** Whether a text looks like a secret of ours; what does not is never looked up. */
export const isManagedSecret = (text: string): boolean => managedPattern.test(text)

/** What hashes secrets under one value of `KEY_SECRET`. */
export interface SecretHash {
  /** Tells the values apart, without telling anything about them. */
  readonly label: string
  /** The keyed hash of a secret, in hexadecimal. */
  of(secret: string): string
}

/** The hashes in use, newest first. */
export class SecretHashes {
  readonly #database: Database
  readonly #secrets: readonly string[]
  #hashes: Promise<readonly SecretHash[]> | null = null

  /** @param secrets `KEY_SECRET`; with none, the one of the database. */
  constructor(database: Database, secrets: readonly string[]) {
    this.#database = database
    this.#secrets = secrets.length > 0 ? secrets : [secretOfDatabase]
  }

  /** @throws GatewayError `store_unavailable` where the one of the database cannot be read. */
  all(): Promise<readonly SecretHash[]> {
    if (this.#hashes !== null) return this.#hashes
    const hashes = Promise.all(
      this.#secrets.map(async (secret) => hashWith(await this.#value(secret))),
    )
    this.#hashes = hashes
    hashes.catch(() => {
      this.#hashes = null
    })
    return hashes
  }

  async #value(secret: string): Promise<string> {
    return secret === secretOfDatabase ? await keptSecret(this.#database) : secret
  }
}

/** The secret that the database keeps. Of all who make one at once, the first is heard. */
async function keptSecret(database: Database): Promise<string> {
  const name = 'keys'
  const made = randomBytes(32).toString('base64url')
  return await database.transaction(async (run) => {
    await run(
      `insert into server_secrets (name, value, created_at) values ($1, $2, $3)
        on conflict (name) do nothing`,
      [name, made, Date.now()],
    )
    const [row] = await run('select value from server_secrets where name = $1', [name])
    return String(row?.value)
  })
}

/** One key for each purpose, so that none can stand in for another. */
function hashWith(secret: string): SecretHash {
  const derived = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `sluice ${purpose}`, bytes))
  const key = derived('managed keys', 32)
  return {
    label: derived('label of the secret', 8).toString('hex'),
    of: (text) => createHmac('sha256', key).update(text).digest('hex'),
  }
}

/**
 * The key ring: whom a secret belongs to. Keys of the environment and of the file are found at
 * once; managed keys are looked up in the database and remembered for a while, so that hardly any
 * request waits for it, and a database which is away does not lock out who was let in before.
 */
import type { KeySettings, KeyTraits } from '../config/client-key.ts'
import type { Config } from '../config/config.ts'
import { nowMs } from '../core/clock.ts'
import { isManagedSecret } from '../store/key-secrets.ts'
import type { FoundKey } from '../store/keys-table.ts'
import { ManagedKeys, type ManagedKeysView } from './managed-keys.ts'

/** Whom a request is for, and what it may do. */
export interface KeyRecord extends KeyTraits {
  /** Public: it stands in logs and in the ledger. Stays the same while its secret is rotated. */
  readonly id: string
  readonly source: 'environment' | 'file' | 'database'
}

/** Where managed keys come from: the table of the database. */
export interface ManagedKeySource {
  /** False while there is no database yet. */
  isThere(): boolean
  hasAny(): Promise<boolean>
  /** Null where the secret is none, revoked, or over. */
  find(secret: string): Promise<FoundKey | null>
}

/** What an operator can see of the ring. */
export interface KeyRingView extends ManagedKeysView {
  /** Keys of the environment and of the file. */
  readonly configured: number
}

/** The parts of the configuration that concern keys. */
export type KeyConfig = Pick<Config, 'apiKeys' | 'keys' | 'requireApiKey'>

/** A longer text is not looked at. */
const SECRET_CHARACTERS_MAX = 512

/** The key ring of a worker. */
export class KeyRing {
  readonly #managed: ManagedKeys
  #configured: ReadonlyMap<string, KeyRecord> = new Map()
  #isRequired = false

  /** @param clock monotonic milliseconds; a test brings its own. */
  constructor(config: KeyConfig, source: ManagedKeySource, clock: () => number = nowMs) {
    this.#managed = new ManagedKeys(source, clock)
    this.renew(config)
  }

  /** Obeys another configuration. Managed keys stay as they are. */
  renew({ apiKeys, keys, requireApiKey }: KeyConfig): void {
    const ofEnvironment = apiKeys.map((key, index) => environmentRecord(key, index))
    const ofFile = keys.map((settings) => [digest(settings.key), fileRecord(settings)] as const)
    // The file says more of a key than the environment, so it has the last word.
    this.#configured = new Map([...ofEnvironment, ...ofFile])
    this.#isRequired = requireApiKey || this.#configured.size > 0
  }

  /**
   * Whether everybody needs a key: where one is configured, or was ever made, even if it is over or
   * revoked by now, because the end of the last key must not open the door.
   * @throws GatewayError `store_unavailable` where that cannot be found out.
   */
  isRequired(): boolean | Promise<boolean> {
    return this.#isRequired || this.#managed.isAny()
  }

  /**
   * Whom a secret belongs to, or null where it is nobody's, revoked, or over. A promise only where
   * the database must be asked.
   * @throws GatewayError `store_unavailable` where the database is away and the key not remembered.
   */
  find(secret: string): KeyRecord | null | Promise<KeyRecord | null> {
    if (secret.length > SECRET_CHARACTERS_MAX) return null
    const hash = digest(secret)
    const configured = this.#configured.get(hash)
    if (configured !== undefined) return isOver(configured) ? null : configured
    return isManagedSecret(secret) ? this.#managed.find(hash, secret) : null
  }

  /** Asks again for all that is remembered: what changed elsewhere may have gone unheard. */
  doubt(): void {
    this.#managed.doubt()
  }

  /** Forgets what is remembered of a managed key: it was made, changed, rotated or revoked. */
  forget(id: string): void {
    this.#managed.forget(id)
  }

  /** Keys of the environment and of the file, for an operator; their secrets are not in it. */
  configured(): readonly KeyRecord[] {
    return [...this.#configured.values()]
  }

  /** For an operator; nothing in it tells of a key. */
  view(): KeyRingView {
    return { configured: this.#configured.size, ...this.#managed.view() }
  }
}

/** Secrets are compared by their digests, so that the time it takes says nothing about them. */
const digest = (text: string): string => Bun.SHA256.hash(text, 'hex')

const isOver = ({ expiresAt }: KeyRecord): boolean => expiresAt !== null && expiresAt <= Date.now()

function environmentRecord(key: string, index: number): readonly [string, KeyRecord] {
  const hash = digest(key)
  const record: KeyRecord = {
    // The beginning of the digest, for there is no name that would stay when the list changes.
    id: `key_${hash.slice(0, 12)}`,
    source: 'environment',
    name: `environment-${index + 1}`,
    owner: null,
    tags: [],
    scopes: { models: null, routes: null, providers: null },
    priority: 'normal',
    limits: { requestsPerMinute: null, tokensPerMinute: null, concurrentStreams: null },
    budget: { dailyUsd: null, monthlyUsd: null },
    expiresAt: null,
  }
  return [hash, record]
}

/** Its id comes from its name, so that what it has spent stays its own when its secret changes. */
function fileRecord({ key: _secret, ...traits }: KeySettings): KeyRecord {
  return { ...traits, id: `key_${digest(`file ${traits.name}`).slice(0, 12)}`, source: 'file' }
}

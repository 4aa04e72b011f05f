/**
 * What a worker remembers of managed keys. A key that was found is good for a minute, and is asked
 * for again behind the back of its requests before that is over; one that was not found is not
 * asked for again for five seconds. While the database is away, who was known a short time ago
 * stays known, and everybody else is told that we fail, never that their key is wrong.
 */
import { GatewayError } from '../core/errors.ts'
import { RecentMap } from '../core/recent.ts'
import type { FoundKey } from '../store/keys-table.ts'
import type { KeyRecord, ManagedKeySource } from './keys.ts'

/** How long a key is taken for what it was; a revocation elsewhere takes so long at most. */
const FRESH_MS = 60_000

/** From this age on a key in use is asked for again, while its requests go on. */
const RENEW_MS = 40_000

/** How long a key stays good while the database cannot be reached. */
const STALE_MS = 10 * 60_000

/** How long nobody is asked for a secret that led nowhere. */
const ABSENT_MS = 5000

/** For so long after a failure, nobody who is known waits for the database. */
const AWAY_MS = 1000

/** Entries of each kind that are remembered. */
const ENTRIES_MAX = 10_000

/** Secrets that are looked up at once; a flood of invented ones must not fill the memory. */
const LOOKUPS_MAX = 256

/** Tries of one look-up while keys keep changing under it. */
const TRIES_MAX = 3

interface Entry {
  readonly record: KeyRecord
  /** When this secret ends, by the wall clock. */
  readonly endsAt: number
  readonly foundMs: number
}

/** What an operator can see. */
export interface ManagedKeysView {
  readonly remembered: number
  readonly absent: number
  readonly lookups: number
  readonly failures: number
  /** Requests that were let in by an old answer, because there was no newer one to be had. */
  readonly stale: number
}

/** Managed keys, remembered by the digest of their secrets. */
export class ManagedKeys {
  readonly #source: ManagedKeySource
  readonly #clock: () => number
  readonly #found = new RecentMap<string, Entry>(ENTRIES_MAX)
  readonly #absent = new RecentMap<string, number>(ENTRIES_MAX)
  readonly #underway = new Map<string, Promise<KeyRecord | null>>()
  #counts = { lookups: 0, failures: 0, stale: 0 }
  /** Grows with every change, so that what was read before one is not remembered after it. */
  #changes = 0
  #awayUntilMs = Number.NEGATIVE_INFINITY
  /** What was found before this moment may have changed unseen. */
  #heardSinceMs = Number.NEGATIVE_INFINITY
  #any: { readonly isAny: boolean; readonly knownMs: number } | null = null
  #asking: Promise<boolean> | null = null

  constructor(source: ManagedKeySource, clock: () => number) {
    this.#source = source
    this.#clock = clock
  }

  /** Whether there is, or was, any managed key. What was once there is never asked for again. */
  isAny(): boolean | Promise<boolean> {
    const any = this.#any
    const now = this.#clock()
    if (any !== null) {
      const goodForMs = now < this.#awayUntilMs ? STALE_MS : ABSENT_MS
      if (any.isAny || now - any.knownMs < goodForMs) return any.isAny
    }
    if (!this.#source.isThere()) {
      this.#any = { isAny: false, knownMs: now }
      return false
    }
    this.#asking ??= this.#askForAny().finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  /** @param hash the digest of the secret; two secrets never share one. */
  find(hash: string, secret: string): KeyRecord | null | Promise<KeyRecord | null> {
    const now = this.#clock()
    const entry = this.#found.get(hash)
    if (entry !== undefined) {
      const ageMs = now - entry.foundMs
      const isGood = ageMs < FRESH_MS || (now < this.#awayUntilMs && ageMs < STALE_MS)
      const isDoubted = entry.foundMs < this.#heardSinceMs
      if ((isDoubted || ageMs >= RENEW_MS) && now >= this.#awayUntilMs) {
        const renewed = this.#lookUp(hash, secret)
        if (!isGood) return renewed
        renewed.catch(() => {})
      }
      if (isGood) {
        if (ageMs >= FRESH_MS) this.#counts.stale += 1
        return living(entry)
      }
    }
    if (now - (this.#absent.get(hash) ?? Number.NEGATIVE_INFINITY) < ABSENT_MS) return null
    if (!this.#source.isThere()) {
      this.#absent.set(hash, now)
      return null
    }
    return this.#lookUp(hash, secret)
  }

  /** Forgets one key under all of its secrets. */
  forget(id: string): void {
    this.#changes += 1
    this.#found.forget(({ record }) => record.id === id)
    if (this.#any?.isAny === false) this.#any = null
  }

  /**
   * Changes elsewhere may have gone unheard until now: each key is asked for again when it is used
   * next, behind the back of that request, for all of them at once would be too much to wait for.
   */
  doubt(): void {
    this.#changes += 1
    this.#heardSinceMs = this.#clock()
    if (this.#any?.isAny === false) this.#any = null
  }

  view(): ManagedKeysView {
    return { remembered: this.#found.size, absent: this.#absent.size, ...this.#counts }
  }

  /** All who ask for the same secret at the same time share one look-up. */
  #lookUp(hash: string, secret: string): Promise<KeyRecord | null> {
    const underway = this.#underway.get(hash)
    if (underway !== undefined) return underway
    if (this.#underway.size >= LOOKUPS_MAX) return Promise.reject(tooMany())
    const lookup = this.#ask(hash, secret).finally(() => this.#underway.delete(hash))
    this.#underway.set(hash, lookup)
    return lookup
  }

  async #ask(hash: string, secret: string): Promise<KeyRecord | null> {
    for (let tries = 1; ; tries++) {
      const changes = this.#changes
      let found: FoundKey | null
      try {
        this.#counts.lookups += 1
        found = await this.#source.find(secret)
      } catch (error) {
        return this.#staleOrThrow(hash, error)
      }
      // A key may have been revoked after it was read, and before the answer was here.
      if (changes === this.#changes) return this.#remember(hash, found)
      if (tries === TRIES_MAX) return found === null ? null : living(entryOf(found, 0))
    }
  }

  #remember(hash: string, found: FoundKey | null): KeyRecord | null {
    const now = this.#clock()
    this.#awayUntilMs = Number.NEGATIVE_INFINITY
    if (found === null) {
      this.#found.delete(hash)
      this.#absent.set(hash, now)
      return null
    }
    const entry = entryOf(found, now)
    this.#absent.delete(hash)
    this.#found.set(hash, entry)
    return living(entry)
  }

  #staleOrThrow(hash: string, error: unknown): KeyRecord | null {
    const now = this.#noteFailure()
    const entry = this.#found.get(hash)
    if (entry === undefined || now - entry.foundMs >= STALE_MS) throw error
    this.#counts.stale += 1
    return living(entry)
  }

  async #askForAny(): Promise<boolean> {
    const changes = this.#changes
    try {
      const isAny = await this.#source.hasAny()
      if (isAny || changes === this.#changes) this.#any = { isAny, knownMs: this.#clock() }
      return isAny
    } catch (error) {
      const now = this.#noteFailure()
      const known = this.#any
      if (known === null || now - known.knownMs >= STALE_MS) throw error
      return known.isAny
    }
  }

  #noteFailure(): number {
    const now = this.#clock()
    this.#counts.failures += 1
    this.#awayUntilMs = now + AWAY_MS
    return now
  }
}

function entryOf({ key, secretExpiresAt }: FoundKey, foundMs: number): Entry {
  const { createdAt: _created, updatedAt: _updated, revokedAt: _revoked, ...traits } = key
  const ends = [key.expiresAt, secretExpiresAt].filter((moment) => moment !== null)
  return {
    record: { ...traits, source: 'database' },
    endsAt: Math.min(Number.POSITIVE_INFINITY, ...ends),
    foundMs,
  }
}

/** A key whose time ends while it is remembered ends at that moment. */
const living = ({ record, endsAt }: Entry): KeyRecord | null =>
  endsAt > Date.now() ? record : null

const tooMany = (): GatewayError => new GatewayError('store_unavailable', { retryAfterMs: 1000 })

/**
 * The stores as naively as can be: every event that ever was, looked through each time, in exact
 * fractions of whole numbers. Nothing of it is shared with what it judges.
 */
import type { Claim, Renewal, Settlement, Standing, Taken } from '../../src/store/store.ts'

interface Drop {
  readonly atUs: bigint
  readonly units: number
}

interface Place {
  readonly id: string
  readonly untilUs: bigint
}

/** Counts like a store, in a time that is given. */
export class ModelStore {
  #drops = new Map<string, readonly Drop[]>()
  #places = new Map<string, readonly Place[]>()
  #spent = new Map<string, number>()

  take(claims: readonly Claim[], nowUs: number): Taken {
    const before = [this.#drops, this.#places, this.#spent] as const
    this.#drops = new Map(this.#drops)
    this.#places = new Map(this.#places)
    this.#spent = new Map(this.#spent)
    for (const [refused, claim] of claims.entries()) {
      const waitMs = this.#enter(claim, nowUs)
      if (waitMs === null) continue
      ;[this.#drops, this.#places, this.#spent] = before
      return { ok: false, refused, retryAfterMs: waitMs, standings: this.#all(claims, nowUs) }
    }
    return { ok: true, standings: this.#all(claims, nowUs) }
  }

  settle(settlements: readonly Settlement[], nowUs: number): void {
    for (const settled of settlements) {
      const { key } = settled
      if (settled.kind === 'rate') {
        this.#drop(key, -settled.giveBack, nowUs)
      } else if (settled.kind === 'lease') {
        const others = (this.#places.get(key) ?? []).filter(({ id }) => id !== settled.id)
        this.#places.set(key, others)
      } else if (settled.endsAtMs * 1000 > nowUs) {
        const rest = (this.#spent.get(key) ?? 0) - settled.giveBack
        this.#spent.set(key, rest < 0 ? 0 : rest)
      }
    }
  }

  renew(leases: readonly Renewal[], nowUs: number): void {
    for (const { key, id, ttlMs } of leases) this.#keep(key, id, ttlMs, nowUs)
  }

  #all(claims: readonly Claim[], nowUs: number): Standing[] {
    return claims.map((claim) => this.#standing(claim, nowUs))
  }

  /** Null where it was taken, else when to ask again. */
  #enter(claim: Claim, nowUs: number): number | null {
    if (claim.kind === 'rate') {
      // It fits where the bucket, one unit each `period / limit`, does not overflow.
      const after = this.#owed(claim, nowUs) + units(claim.cost, claim)
      const over = after - units(claim.limit, claim)
      if (over > 0n) {
        if (claim.cost > claim.limit) return Number.POSITIVE_INFINITY
        return ceilMs(over, BigInt(claim.limit))
      }
      this.#drop(claim.key, claim.cost, nowUs)
      return null
    }
    if (claim.kind === 'budget') {
      const spent = this.#spent.get(claim.key) ?? 0
      const isFull = spent >= claim.max || claim.max - spent < claim.amount
      if (isFull) return this.#standing(claim, nowUs).resetMs
      this.#spent.set(claim.key, spent + claim.amount)
      return null
    }
    const places = this.#alive(claim.key, nowUs)
    const others = places.filter(({ id }) => id !== claim.id)
    if (others.length === places.length && places.length >= claim.max) {
      const { resetMs } = this.#standing(claim, nowUs)
      return places.length === 0 ? 1000 : Math.min(1000, resetMs)
    }
    this.#keep(claim.key, claim.id, claim.ttlMs, nowUs)
    return null
  }

  #standing(claim: Claim, nowUs: number): Standing {
    if (claim.kind === 'rate') {
      const owed = this.#owed(claim, nowUs)
      const left = (units(claim.limit, claim) - owed) / periodUs(claim)
      return { remaining: left < 0n ? 0 : Number(left), resetMs: ceilMs(owed, BigInt(claim.limit)) }
    }
    if (claim.kind === 'budget') {
      const left = claim.max - (this.#spent.get(claim.key) ?? 0)
      const resetMs = Math.ceil((claim.endsAtMs * 1000 - nowUs) / 1000)
      return { remaining: Math.max(0, left), resetMs: Math.max(0, resetMs) }
    }
    const places = this.#alive(claim.key, nowUs)
    const ends = places.map(({ untilUs }) => Number(untilUs) - nowUs)
    const isFree = ends.length === 0 || ends.length < claim.max
    const resetMs = isFree ? 0 : Math.ceil(Math.min(...ends) / 1000)
    return { remaining: Math.max(0, claim.max - places.length), resetMs }
  }

  /** Everything that was ever poured in, with what ran out between. */
  #owed(
    claim: { readonly key: string; readonly limit: number; readonly periodMs: number },
    nowUs: number,
  ): bigint {
    let owed = 0n
    let atUs = 0n
    const run = (toUs: bigint): void => {
      owed -= (toUs - atUs) * BigInt(claim.limit)
      if (owed < 0n) owed = 0n
      atUs = toUs
    }
    for (const drop of this.#drops.get(claim.key) ?? []) {
      run(drop.atUs)
      owed += units(drop.units, claim)
      if (owed < 0n) owed = 0n
    }
    run(BigInt(nowUs))
    return owed
  }

  #drop(key: string, cost: number, nowUs: number): void {
    const drop = { atUs: BigInt(nowUs), units: cost }
    this.#drops.set(key, [...(this.#drops.get(key) ?? []), drop])
  }

  #keep(key: string, id: string, ttlMs: number, nowUs: number): void {
    const others = (this.#places.get(key) ?? []).filter((place) => place.id !== id)
    this.#places.set(key, [...others, { id, untilUs: BigInt(nowUs + ttlMs * 1000) }])
  }

  #alive(key: string, nowUs: number): readonly Place[] {
    return (this.#places.get(key) ?? []).filter(({ untilUs }) => untilUs > BigInt(nowUs))
  }
}

const periodUs = ({ periodMs }: { readonly periodMs: number }): bigint => BigInt(periodMs) * 1000n

const units = (count: number, claim: { readonly periodMs: number }): bigint =>
  BigInt(count) * periodUs(claim)

/** Whole milliseconds, the part of one counting as one. */
const ceilMs = (owed: bigint, limit: bigint): number => {
  const perMs = limit * 1000n
  return Number((owed + perMs - 1n) / perMs)
}

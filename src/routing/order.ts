/** In which order a route tries its targets. Pure but for the counter and the dice it is given. */
import type { RouteStrategy } from '../config/config.ts'
import { type Target, type TargetStanding, targetKey } from '../provider/call.ts'

/** What a strategy may look at. */
export interface Outlook {
  /** How a target does at this moment. */
  readonly standing: (target: Target) => TargetStanding
  /** From 0 to 1. */
  readonly random: () => number
  /** How many requests the route has had. */
  readonly turn: number
  /** What requests of one conversation have in common, or null where that is not known. */
  readonly session: string | null
}

/** Orders the targets of one route for one request; the list that is given stays as it is. */
export type Order = (targets: readonly Target[], outlook: Outlook) => Target[]

/** One in so many requests tries a target that is not the fastest, so that its time stays known. */
const EXPLORING_SHARE = 0.05

/** A target of no share still has a place: the last. */
const SHARE_MIN = 1e-6

/** Every strategy of a route. */
export const orders: Readonly<Record<RouteStrategy, Order>> = {
  priority: (targets, outlook) => returningStepBack(targets, outlook),
  weighted,
  'round-robin': (targets, outlook) => {
    const first = outlook.turn % targets.length
    return returningStepBack([...targets.slice(first), ...targets.slice(0, first)], outlook)
  },
  'least-busy': (targets, outlook) =>
    ranked(targets, outlook, (_, { inFlight }, share) => (inFlight + 1) / share),
  latency,
  cost: (targets, outlook) => {
    const cheapest = ranked(targets, { ...outlook, random: () => 0 }, costOf)
    return returningStepBack(cheapest, outlook)
  },
  sticky: (targets, outlook) =>
    outlook.session === null ? weighted(targets, outlook) : sticky(targets, outlook.session),
}

/**
 * A target that comes back from an outage gets a growing part of what would be its own; the rest
 * goes past it to the one behind (HAProxy's slow start). Where it is left alone nothing is moved:
 * the attempts skip it by themselves.
 */
function returningStepBack(targets: readonly Target[], { standing, random }: Outlook): Target[] {
  const order = [...targets]
  for (let place = order.length - 2; place >= 0; place -= 1) {
    const [target, behind] = order.slice(place, place + 2)
    if (target === undefined || behind === undefined) continue
    const { share } = standing(target)
    if (share > 0 && share < 1 && standing(behind).share > share && random() >= share) {
      order.splice(place, 2, behind, target)
    }
  }
  return order
}

/** Draws without putting back, each with the chance of its weight (Efraimidis and Spirakis). */
function weighted(targets: readonly Target[], outlook: Outlook): Target[] {
  return ranked(targets, outlook, (_, __, share) => -Math.log(1 - outlook.random()) / share)
}

/** The fastest first token first. What is not known yet is tried, but by one request at a time. */
function latency(targets: readonly Target[], outlook: Outlook): Target[] {
  const known = targets.flatMap((target) => outlook.standing(target).firstTokenMs ?? [])
  const slowest = Math.max(0, ...known)
  const order = ranked(targets, outlook, (_, { firstTokenMs, inFlight }, share) => {
    const expected = firstTokenMs ?? (inFlight > 0 ? slowest : 0)
    return (expected + 1) / Math.min(1, share)
  })
  if (order.length < 2 || outlook.random() >= EXPLORING_SHARE) return order
  const explored = 1 + Math.floor(outlook.random() * (order.length - 1))
  return [...order.splice(explored, 1), ...order]
}

/** A conversation sends about three times as many tokens as it gets. */
function costOf({ traits }: Target): number {
  if (traits.price === null) return Number.POSITIVE_INFINITY
  return 3 * traits.price.input + traits.price.output
}

/**
 * Rendezvous hashing: the same session has the same order, and a target that goes away moves only
 * the sessions that it had. Outages do not change the order, so that caches are found again.
 */
function sticky(targets: readonly Target[], session: string): Target[] {
  const score = (target: Target): number => {
    // 53 bits of a good hash, as a number between 0 and 1.
    const unit = Number(Bun.hash.wyhash(`${session}\n${targetKey(target)}`) >> 11n) / 2 ** 53
    return -Math.log(1 - unit) / target.traits.weight
  }
  return byScore(targets.map((target) => ({ target, score: score(target) })))
}

/** The lowest rank first; equal ranks by chance. `share` is the target's weight as of now. */
function ranked(
  targets: readonly Target[],
  { standing, random }: Outlook,
  rank: (target: Target, standing: TargetStanding, share: number) => number,
): Target[] {
  const scored = targets.map((target) => {
    const now = standing(target)
    const share = Math.max(SHARE_MIN, target.traits.weight * now.share)
    return { target, score: rank(target, now, share), tie: random() }
  })
  return byScore(scored)
}

function byScore(scored: readonly { target: Target; score: number; tie?: number }[]): Target[] {
  return scored
    .toSorted((a, b) => {
      // Two prices that are not known differ by nothing, not by NaN.
      if (a.score !== b.score) return a.score < b.score ? -1 : 1
      return (a.tie ?? 0) - (b.tie ?? 0)
    })
    .map(({ target }) => target)
}

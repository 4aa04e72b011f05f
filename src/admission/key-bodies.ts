/** What the admin routes take and give for managed keys, and the command line with them. */
import { z } from 'zod'
import {
  type KeyLimits,
  type KeyScopes,
  type KeyTraits,
  keyPriorities,
  keyRules,
  momentOf,
} from '../config/client-key.ts'
import type { KeyChanges, ManagedKey, ManagedSecret } from '../store/key-rows.ts'

function named(what: 'name' | 'owner' | 'tag' | 'scope') {
  const error = `must be ${keyRules[what].rule}`
  return z.string({ error }).regex(keyRules[what].pattern, { error })
}

const scope = (what: string) =>
  z.array(named('scope')).max(keyRules.scopesMax).nullable().describe(`${what}; null is all.`)

const perMinute = (max: number) => z.int().min(1).max(max).nullable()
const usd = z.number().min(0).max(keyRules.usdMax).nullable()

const moment = z
  .string()
  .max(40)
  .refine((text) => momentOf(text) !== null, {
    error: 'must be a moment with a time zone, such as 2027-01-31T12:00:00Z',
  })

/** Everything of a key that can be set, and changed later. All is optional here. */
const changeable = {
  name: named('name').describe('For people; need not be the only one of its name.').optional(),
  owner: named('owner').nullable().describe('Who answers for it.').optional(),
  tags: z.array(named('tag')).max(keyRules.tagsMax).describe('To sort usage by.').optional(),
  models: scope('Models that it may ask for; * at the end is any rest').optional(),
  routes: scope('Routes that it may use').optional(),
  providers: scope('Providers that may answer it').optional(),
  priority: z.enum(keyPriorities).optional(),
  limits: z
    .strictObject({
      requestsPerMinute: perMinute(keyRules.requestsPerMinuteMax).optional(),
      tokensPerMinute: perMinute(keyRules.tokensPerMinuteMax).optional(),
      concurrentStreams: perMinute(keyRules.concurrentStreamsMax).optional(),
    })
    .describe('What it may use, at most; null is no limit.')
    .optional(),
  budget: z
    .strictObject({ daily: usd.optional(), monthly: usd.optional() })
    .describe('What it may spend, in US dollars, by UTC; null is no limit.')
    .optional(),
  expiresAt: moment.nullable().describe('When it stops being valid; null is never.').optional(),
}

/** What makes a key. */
export const KeyCreation = z
  .strictObject({ ...changeable, name: changeable.name.unwrap() })
  .meta({ example: { name: 'team-a', models: ['gpt-*'], budget: { daily: 25 } } })

/** What changes one: fields that are missing stay as they are. */
export const KeyChange = z
  .strictObject(changeable)
  .meta({ example: { limits: { requestsPerMinute: 600 } } })

/** The longest time in which a secret and the one after it are both valid: 90 days. */
const overlapSecsMax = 90 * 86_400

/** What gives a key another secret. */
export const KeyRotation = z
  .strictObject({
    overlapSecs: z
      .int()
      .min(0)
      .max(overlapSecsMax)
      .describe('How long the secret before it stays valid; 0 when not set.')
      .optional(),
  })
  .meta({ example: { overlapSecs: 3600 } })

/** What a list may be asked for. */
export const KeyQuery = z.strictObject({
  name: named('name').optional(),
  owner: named('owner').optional(),
  tag: named('tag').optional(),
  state: z.enum(['active', 'expired', 'revoked']).optional(),
  after: z
    .string()
    .regex(/^key_[0-9a-z]{1,40}$/, { error: 'must be the id of a key' })
    .optional(),
  limit: z
    .string()
    .regex(/^([1-9]\d?|1\d\d|200)$/, { error: 'must be a whole number from 1 to 200' })
    .optional(),
})

/** A key as it is shown. */
export interface KeyView extends KeyScopes {
  readonly id: string
  readonly name: string
  readonly owner: string | null
  readonly tags: readonly string[]
  readonly priority: KeyTraits['priority']
  readonly limits: KeyLimits
  readonly budget: { readonly daily: number | null; readonly monthly: number | null }
  readonly state: 'active' | 'expired' | 'revoked'
  /** ISO 8601, as all times here. */
  readonly createdAt: string
  readonly updatedAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  /** Its secrets that are valid, oldest first: two while it is being rotated. */
  readonly secrets: readonly {
    readonly createdAt: string
    readonly expiresAt: string | null
    readonly hashedWith: ManagedSecret['hashedWith']
  }[]
}

const isoOf = (momentMs: number): string => new Date(momentMs).toISOString()
const isoOrNull = (momentMs: number | null): string | null =>
  momentMs === null ? null : isoOf(momentMs)

/** Shows a key; neither a secret nor its hash is in it. */
export function viewOf(
  key: ManagedKey,
  secrets: readonly ManagedSecret[],
  now = Date.now(),
): KeyView {
  const isExpired = key.expiresAt !== null && key.expiresAt <= now
  return {
    id: key.id,
    name: key.name,
    owner: key.owner,
    tags: key.tags,
    ...key.scopes,
    priority: key.priority,
    limits: key.limits,
    budget: { daily: key.budget.dailyUsd, monthly: key.budget.monthlyUsd },
    state: key.revokedAt !== null ? 'revoked' : isExpired ? 'expired' : 'active',
    createdAt: isoOf(key.createdAt),
    updatedAt: isoOf(key.updatedAt),
    expiresAt: isoOrNull(key.expiresAt),
    revokedAt: isoOrNull(key.revokedAt),
    secrets: secrets.map(({ createdAt, expiresAt, hashedWith }) => ({
      createdAt: isoOf(createdAt),
      expiresAt: isoOrNull(expiresAt),
      hashedWith,
    })),
  }
}

/** The traits of a new key; what is not said is all, none, or `normal`. */
export function traitsOf(creation: z.infer<typeof KeyCreation>): KeyTraits {
  const { name, owner, tags, models, routes, providers, priority, limits, budget } = creation
  return {
    name,
    owner: owner ?? null,
    tags: [...new Set(tags)],
    scopes: { models: models ?? null, routes: routes ?? null, providers: providers ?? null },
    priority: priority ?? 'normal',
    limits: {
      requestsPerMinute: limits?.requestsPerMinute ?? null,
      tokensPerMinute: limits?.tokensPerMinute ?? null,
      concurrentStreams: limits?.concurrentStreams ?? null,
    },
    budget: { dailyUsd: budget?.daily ?? null, monthlyUsd: budget?.monthly ?? null },
    expiresAt: momentOrNull(creation.expiresAt) ?? null,
  }
}

/** The changes that a body asks for. */
export function changesOf(change: z.infer<typeof KeyChange>): KeyChanges {
  const { name, owner, tags, models, routes, providers, priority, limits, budget } = change
  return defined({
    name,
    owner,
    tags: tags && [...new Set(tags)],
    scopes: defined({ models, routes, providers }),
    priority,
    limits: limits && defined(limits),
    budget: budget && defined({ dailyUsd: budget.daily, monthlyUsd: budget.monthly }),
    expiresAt: momentOrNull(change.expiresAt),
  })
}

const momentOrNull = (text: string | null | undefined): number | null | undefined =>
  text === null || text === undefined ? text : momentOf(text)

type Defined<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> }

/** Without the fields that are undefined. */
function defined<Fields extends object>(fields: Fields): Defined<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<Fields>
}

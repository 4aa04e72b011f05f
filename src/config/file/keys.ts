/** `keys` in the file: keys of clients, and what each of them may do. */
import type { z } from 'zod'
import { type KeySettings, keyPriorities, keyRules, momentOf } from '../client-key.ts'
import type { Setting } from '../reader.ts'
import { type Environment, masked } from '../variable.ts'
import { decimal, list, object, text, word } from './fields.ts'
import { limitFields, limitsOf } from './limits.ts'
import { type Path, pathText } from './problems.ts'
import { referenced, secretReference } from './references.ts'

const named = (
  what: keyof typeof keyRules & ('name' | 'owner' | 'tag' | 'scope'),
  meaning: string,
) => {
  const { pattern, rule } = keyRules[what]
  return text(`must be ${rule}`, (value) => pattern.test(value), meaning, pattern)
}

const scope = (meaning: string) =>
  list(named('scope', 'A name or a beginning.'), 0, keyRules.scopesMax, meaning).optional()

const expiry = text(
  'must be a moment with a time zone, such as 2027-01-31T12:00:00Z',
  (value) => momentOf(value) !== null,
  'When it stops being valid, such as 2027-01-31T12:00:00Z.',
)

const usd = (meaning: string) => decimal(0, keyRules.usdMax, meaning).optional()

const keySchema = (environment: Environment) =>
  object('Key', 'A key that clients may present, besides those of API_KEYS.', {
    name: named('name', 'Whose key it is.'),
    key: secretReference(environment, 'The key, as'),
    models: scope('Model names that it may ask for; * at the end is any rest. All when not set.'),
    routes: scope('Names of routes that it may use. All when not set.'),
    providers: scope('Providers that may answer it. All when not set.'),
    owner: named('owner', 'Who answers for it, for the log and the ledger.').optional(),
    tags: list(
      named('tag', 'One word.'),
      0,
      keyRules.tagsMax,
      'Words to sort usage by.',
    ).optional(),
    priority: word(keyPriorities, 'Its place in the queue; normal when not set.').optional(),
    limits: object('Key limits', 'What it may use, at most.', limitFields).optional(),
    budget: object('Key budget', 'What it may spend, in US dollars.', {
      daily: usd('On one day, by UTC.'),
      monthly: usd('In one month, by UTC.'),
    }).optional(),
    expiresAt: expiry.optional(),
  })

/** `keys`, with secrets in `environment`. */
export const keysSchema = (environment: Environment) =>
  list(
    keySchema(environment),
    0,
    10_000,
    'Keys of clients. Where there is one, here or in API_KEYS, every client must present one.',
  )

type FileKey = z.infer<ReturnType<typeof keySchema>>

/** The keys of the file; those whose variable is not set are left out, a problem says so. */
export function keysOf(entries: readonly FileKey[], environment: Environment): KeySettings[] {
  return entries.flatMap((entry) => {
    const key = referenced(entry.key, environment)
    if (key === null) return []
    const { models = null, routes = null, providers = null, limits, budget, expiresAt } = entry
    return {
      name: entry.name,
      key,
      owner: entry.owner ?? null,
      tags: [...new Set(entry.tags)],
      scopes: { models, routes, providers },
      priority: entry.priority ?? 'normal',
      limits: limitsOf(limits),
      budget: { dailyUsd: budget?.daily ?? null, monthlyUsd: budget?.monthly ?? null },
      expiresAt: expiresAt === undefined ? null : momentOf(expiresAt),
    }
  })
}

/** Tells of names and of secrets that occur twice; a secret must lead to one key. */
export function checkKeys(
  entries: readonly FileKey[],
  environment: Environment,
  reject: (path: Path, rule: string) => void,
): void {
  const names = new Set<string>()
  const secrets = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    if (names.has(entry.name)) reject(['keys', index, 'name'], 'must be there once')
    names.add(entry.name)
    const secret = referenced(entry.key, environment)
    if (secret === null) continue
    if (secrets.has(secret)) reject(['keys', index, 'key'], 'must not be the key of another')
    secrets.add(secret)
  }
}

/** A key as it may be shown. */
export function shownKey(key: FileKey, index: number, environment: Environment): Setting {
  const { name, key: reference, limits, budget, ...rest } = key
  const words = Object.entries({ ...rest, ...limits, ...budget })
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => ` ${field}=${JSON.stringify(value)}`)
  const secret = masked(referenced(reference, environment) ?? '')
  return {
    name: pathText(['keys', index]),
    text: `${name} ${secret}${words.join('')}`,
    given: true,
  }
}

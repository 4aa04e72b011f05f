/** The key ring: what it remembers, for how long, and what it says while the database is away. */
import { expect, test } from 'bun:test'
import { type KeyConfig, KeyRing, type ManagedKeySource } from '../../src/admission/keys.ts'
import type { KeySettings } from '../../src/config/client-key.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { newSecret } from '../../src/store/key-secrets.ts'
import type { FoundKey } from '../../src/store/keys-table.ts'
import { eventually } from '../kit/signal.ts'
import { traitsNamed } from '../store/key-traits.ts'

const none: KeyConfig = { apiKeys: [], keys: [], requireApiKey: false }

const fileKey = (name: string, key: string): KeySettings => ({ ...traitsNamed(name), key })

const found = (id: string, secretExpiresAt: number | null = null): FoundKey => ({
  key: { ...traitsNamed(id), id, createdAt: 1, updatedAt: 1, revokedAt: null },
  secretExpiresAt,
})

/** A database that a test plays: it answers when it is told to. */
class Table implements ManagedKeySource {
  readonly rows = new Map<string, FoundKey>()
  asked = 0
  askedForAny = 0
  isMade = true
  isAway = false
  hold: Promise<void> | null = null

  isThere(): boolean {
    return this.isMade
  }

  async hasAny(): Promise<boolean> {
    this.askedForAny++
    if (this.isAway) throw new GatewayError('store_unavailable')
    return this.rows.size > 0
  }

  async find(secret: string): Promise<FoundKey | null> {
    this.asked++
    const row = this.rows.get(secret) ?? null
    if (this.isAway) throw new GatewayError('store_unavailable')
    if (this.hold !== null) await this.hold
    return row
  }
}

/** A ring over a table, with a clock that the test moves. */
function stand(config: KeyConfig = none) {
  const table = new Table()
  let now = 0
  const ring = new KeyRing(config, table, () => now)
  const add = (id: string, expiresAt: number | null = null): string => {
    const secret = newSecret()
    table.rows.set(secret, found(id, expiresAt))
    return secret
  }
  const idOf = async (secret: string) => (await ring.find(secret))?.id ?? null
  const pass = (ms: number): void => {
    now += ms
  }
  return { table, ring, add, idOf, pass }
}

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work()
    return 'none'
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error)
  }
}

test('keys of the environment and the file are found without a wait, and nothing else is', () => {
  const settings = { ...fileKey('team-a', 'sk-file'), priority: 'high' as const }
  const { ring, table } = stand({ ...none, apiKeys: ['sk-env', 'sk-file'], keys: [settings] })
  expect(ring.find('sk-env')).toMatchObject({ source: 'environment', name: 'environment-1' })
  const { key: _key, ...traits } = settings
  expect(ring.find('sk-file')).toMatchObject({ ...traits, source: 'file' })
  for (const wrong of ['', 'sk-en', 'sk-env ', 'SK-ENV', 'sk-envv', 'x'.repeat(100_000), '\0']) {
    expect(ring.find(wrong), wrong.slice(0, 20)).toBeNull()
  }
  expect(ring.isRequired()).toBe(true)
  expect(table.asked + table.askedForAny).toBe(0)
  expect(JSON.stringify([ring.find('sk-env'), ring.find('sk-file'), ring.view()])).not.toMatch(
    /sk-/,
  )
})

test('the id of a key of the file stays when its secret changes, and ends with its time', () => {
  const { ring } = stand({ ...none, keys: [fileKey('a', 'sk-1'), fileKey('b', 'sk-2')] })
  const idOf = (secret: string) => {
    const record = ring.find(secret)
    return record instanceof Promise ? 'a promise' : record?.id
  }
  const before = [idOf('sk-1'), idOf('sk-2')]
  expect(new Set(before).size).toBe(2)
  const over = { ...fileKey('c', 'sk-5'), expiresAt: Date.now() - 1 }
  ring.renew({ ...none, keys: [fileKey('a', 'sk-3'), fileKey('b', 'sk-4'), over] })
  expect([idOf('sk-3'), idOf('sk-4')]).toEqual(before)
  expect([idOf('sk-1'), idOf('sk-2'), idOf('sk-5')]).toEqual([undefined, undefined, undefined])
})

test('a managed key is asked for once, by however many at once', async () => {
  const { table, ring, add, idOf } = stand()
  const secret = add('key_a')
  const all = await Promise.all(Array.from({ length: 100 }, () => idOf(secret)))
  expect(new Set(all)).toEqual(new Set(['key_a']))
  expect(table.asked).toBe(1)
  expect(ring.find(secret)).toMatchObject({ id: 'key_a', source: 'database' })
  expect(table.asked).toBe(1)
  expect(JSON.stringify(ring.view())).not.toContain(secret)
})

test('it is asked for again behind its requests; no answer is older than a minute', async () => {
  const { table, add, idOf, ring, pass } = stand()
  const secret = add('key_a')
  await idOf(secret)
  pass(39_999)
  expect(await idOf(secret)).toBe('key_a')
  expect(table.asked).toBe(1)
  table.rows.delete(secret)
  pass(10_000)
  expect(ring.find(secret)).toMatchObject({ id: 'key_a' })
  await eventually(() => ring.find(secret) === null, 'the revocation is known')
  expect(table.asked).toBe(2)

  const quiet = add('key_b')
  await idOf(quiet)
  table.rows.delete(quiet)
  pass(60_000)
  expect(await idOf(quiet)).toBeNull()
})

test('where changes may have gone unheard, each key is asked for again', async () => {
  const { table, add, idOf, ring, pass } = stand()
  const [good, revoked] = [add('key_a'), add('key_b')]
  expect([await idOf(good), await idOf(revoked)]).toEqual(['key_a', 'key_b'])
  table.rows.delete(revoked)
  pass(1)
  ring.doubt()
  expect(ring.find(good)).toMatchObject({ id: 'key_a' })
  expect(ring.find(revoked)).toMatchObject({ id: 'key_b' })
  await eventually(() => ring.find(revoked) === null, 'the revocation is known')
  expect([await idOf(good), table.asked]).toEqual(['key_a', 4])
  // While the database is away too, who was known stays known.
  pass(1)
  ring.doubt()
  table.isAway = true
  expect([await idOf(good), await idOf(good)]).toEqual(['key_a', 'key_a'])
})

test('what is not there is not asked for again for five seconds', async () => {
  const { table, idOf, pass } = stand()
  const secret = newSecret()
  expect(await idOf(secret)).toBeNull()
  expect(await idOf(secret)).toBeNull()
  pass(4999)
  expect(await idOf(secret)).toBeNull()
  expect(table.asked).toBe(1)
  pass(1)
  table.rows.set(secret, found('key_late'))
  expect(await idOf(secret)).toBe('key_late')
})

test('a flood of invented secrets fills neither the memory nor the database', async () => {
  const { table, ring, idOf } = stand()
  for (let index = 0; index < 10_500; index++) await idOf(newSecret())
  expect(ring.view().absent).toBe(10_000)
  table.hold = new Promise(() => {})
  const waiting = Array.from({ length: 256 }, () => codeOf(() => ring.find(newSecret())))
  expect(await codeOf(() => ring.find(newSecret()))).toBe('store_unavailable')
  expect(waiting).toHaveLength(256)
  for (const odd of ['sk-sluice-', `sk-sluice-${'a'.repeat(44)}`, "sk-sluice-' or 1=1"]) {
    expect(ring.find(odd)).toBeNull()
  }
})

test('while the database is away, who was known stays known and others are told so', async () => {
  const { table, ring, add, idOf, pass } = stand()
  const [known, unknown] = [add('key_known'), add('key_unknown')]
  await idOf(known)
  table.isAway = true
  pass(60_000)
  expect(await idOf(known)).toBe('key_known')
  expect(await codeOf(() => ring.find(unknown))).toBe('store_unavailable')
  expect(await codeOf(() => ring.find(newSecret()))).toBe('store_unavailable')
  // While it is known to be away nobody waits for it.
  const { asked } = table
  expect(ring.find(known)).toMatchObject({ id: 'key_known' })
  expect(table.asked).toBe(asked)
  pass(539_999)
  expect(await idOf(known)).toBe('key_known')
  pass(2)
  expect(await codeOf(() => ring.find(known))).toBe('store_unavailable')
  expect(ring.view().stale).toBe(3)
  table.isAway = false
  expect(await idOf(known)).toBe('key_known')
  expect(await idOf(unknown)).toBe('key_unknown')
})

test('a secret ends at its moment, remembered or not', async () => {
  const { add, idOf } = stand()
  const secret = add('key_a', Date.now() + 150)
  expect(await idOf(secret)).toBe('key_a')
  await eventually(async () => (await idOf(secret)) === null, 'the secret is over', 3000)
})

test('what is forgotten is asked for again at once, under all of its secrets', async () => {
  const { table, ring, add, idOf } = stand()
  const [one, two, other] = [add('key_a'), add('key_a'), add('key_b')]
  for (const secret of [one, two, other]) await idOf(secret)
  table.rows.clear()
  ring.forget('key_a')
  expect(await Promise.all([one, two, other].map(idOf))).toEqual([null, null, 'key_b'])
})

test('a key that is revoked while it is looked up is not remembered', async () => {
  const { table, ring, add, idOf } = stand()
  const secret = add('key_a')
  const { promise, resolve } = Promise.withResolvers<void>()
  table.hold = promise
  const asking = idOf(secret)
  await eventually(() => table.asked === 1, 'it is looked up')
  table.rows.delete(secret)
  ring.forget('key_a')
  resolve()
  expect(await asking).toBeNull()
  expect(await idOf(secret)).toBeNull()
})

test('a forgotten key is not let in by what was known while the database is away', async () => {
  const { table, ring, add, idOf } = stand()
  const secret = add('key_a')
  await idOf(secret)
  table.isAway = true
  ring.forget('key_a')
  expect(await codeOf(() => ring.find(secret))).toBe('store_unavailable')
})

test('nobody needs a key until there was one, and then everybody does for good', async () => {
  const { table, ring, add, pass } = stand()
  table.isMade = false
  expect(ring.isRequired()).toBe(false)
  expect(ring.find(newSecret())).toBeNull()
  expect(table.asked + table.askedForAny).toBe(0)
  table.isMade = true
  pass(5000)
  expect(await ring.isRequired()).toBe(false)
  expect(ring.isRequired()).toBe(false)
  expect(table.askedForAny).toBe(1)
  // A key that is made here is known at once.
  add('key_a')
  ring.forget('key_a')
  expect(await ring.isRequired()).toBe(true)
  table.rows.clear()
  table.isAway = true
  pass(3_600_000)
  expect(ring.isRequired()).toBe(true)
})

test('the door neither opens nor closes by itself when the database goes away', async () => {
  const fresh = stand()
  fresh.table.isAway = true
  expect(await codeOf(() => fresh.ring.isRequired())).toBe('store_unavailable')
  const { table, ring, pass } = stand()
  expect(await ring.isRequired()).toBe(false)
  table.isAway = true
  pass(5000)
  expect(await ring.isRequired()).toBe(false)
  pass(600_000)
  expect(await codeOf(() => ring.isRequired())).toBe('store_unavailable')
  const strict = stand({ ...none, requireApiKey: true })
  expect(strict.ring.isRequired()).toBe(true)
  expect(strict.table.askedForAny).toBe(0)
})

/** Managed keys on both engines. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { KeyTraits } from '../../src/config/client-key.ts'
import { isManagedSecret, newSecret } from '../../src/store/key-secrets.ts'
import { KeysTable } from '../../src/store/keys-table.ts'
import { codeOf, type Engine, newFile, onEachEngine, opened } from './engines.ts'
import { traitsNamed } from './key-traits.ts'

setDefaultTimeout(60_000)

const [older, newer] = ['o'.repeat(32), 'n'.repeat(32)]

const everything: KeyTraits = {
  name: 'team-a',
  owner: 'Ann Ümläut; drop table managed_keys;--',
  tags: ['x', 'y=1'],
  scopes: { models: ['gpt-*', 'a"b'], routes: [], providers: null },
  priority: 'high',
  limits: { requestsPerMinute: 600, tokensPerMinute: 999_999_999_999, concurrentStreams: null },
  budget: { dailyUsd: 25, monthlyUsd: 0.1 },
  expiresAt: 4_000_000_000_000,
}

test('secrets have 256 random bits and are told apart from all else', () => {
  const secrets = Array.from({ length: 1000 }, newSecret)
  expect(new Set(secrets).size).toBe(1000)
  expect(secrets.every(isManagedSecret)).toBe(true)
  for (const other of ['', 'sk-sluice-', `${newSecret()}x`, newSecret().slice(1), 'sk-1']) {
    expect(isManagedSecret(other), other).toBe(false)
  }
})

onEachEngine((engine) => {
  defineSecretTests(engine)
  defineRotationTests(engine)
  defineListTests(engine)
  defineHashTests(engine)
})

function defineSecretTests(engine: Engine): void {
  test('a key is found by its secret, with all that was said of it', async () => {
    await using database = opened(await engine.newDatabase())
    const table = new KeysTable(database, [older])
    expect(await table.hasAny()).toBe(false)
    const { key, secret } = await table.create(everything, 1000)
    expect(key).toEqual({
      ...everything,
      id: expect.stringMatching(/^key_[0-9a-z]{20}$/),
      ...{ createdAt: 1000, updatedAt: 1000, revokedAt: null },
    })
    expect(await table.find(secret)).toEqual({ key, secretExpiresAt: null })
    expect(await table.get(key.id)).toEqual(key)
    expect(await table.hasAny()).toBe(true)
    expect(await table.find(newSecret())).toBeNull()
    expect(await table.find(secret, 4_000_000_000_000)).toBeNull()
  })

  test('neither a secret nor what it could be made of is in the database', async () => {
    const url = await engine.newDatabase()
    await using database = opened(url)
    const table = new KeysTable(database, [older])
    const { key, secret } = await table.create(everything)
    const rotated = await table.rotate(key.id, 1000)
    const kept: unknown[] = []
    for (const name of ['managed_keys', 'managed_key_secrets', 'server_secrets']) {
      kept.push(...(await database.run(`select * from ${name}`)))
    }
    let text = JSON.stringify(kept)
    if (engine.name === 'sqlite') {
      const directory = dirname(url)
      for (const file of readdirSync(directory)) {
        text += readFileSync(join(directory, file), 'latin1')
      }
      expect(text).toContain('team-a')
    }
    for (const each of [secret, rotated?.secret ?? '', older]) {
      expect(text).not.toContain(each.slice(-20))
      expect(text).not.toContain(new Bun.CryptoHasher('sha256').update(each).digest('hex'))
    }
  })

  test('after a rotation both secrets are good, until the overlap ends', async () => {
    await using database = opened(await engine.newDatabase())
    const table = new KeysTable(database, [older])
    const { key, secret: first } = await table.create(traitsNamed('a'), 1000)
    const second = (await table.rotate(key.id, 500, 2000))?.secret ?? ''
    const isGood = async (secret: string, now: number) => (await table.find(secret, now)) !== null
    expect(await isGood(first, 2499)).toBe(true)
    expect(await isGood(second, 2499)).toBe(true)
    expect(await isGood(first, 2500)).toBe(false)
    expect(await isGood(second, 2500)).toBe(true)
    expect((await table.find(first, 2400))?.secretExpiresAt).toBe(2500)
    // A longer overlap does not give back time to a secret that was to end.
    const third = (await table.rotate(key.id, 5000, 2200))?.secret ?? ''
    expect(await isGood(first, 2600)).toBe(false)
    expect((await table.secretsOf([key.id], 2300)).get(key.id)).toHaveLength(3)
    // Without an overlap all before it end at once.
    const fourth = (await table.rotate(key.id, 0, 2300))?.secret ?? ''
    expect(await Promise.all([first, second, third].map((each) => isGood(each, 2300)))).toEqual([
      ...[false, false, false],
    ])
    expect((await table.find(fourth, 2300))?.key.id).toBe(key.id)
  })
}

function defineRotationTests(engine: Engine): void {
  test('many rotations at once leave a bounded number of secrets', async () => {
    await using database = opened(await engine.newDatabase())
    const table = new KeysTable(database, [older])
    const { key } = await table.create(traitsNamed('a'))
    const codes = await Promise.all(
      Array.from({ length: 20 }, () => codeOf(table.rotate(key.id, 60_000))),
    )
    expect(codes.filter((code) => code === 'none')).toHaveLength(7)
    expect(new Set(codes)).toEqual(new Set(['none', 'invalid_request']))
    expect((await table.secretsOf([key.id])).get(key.id)).toHaveLength(8)
  })

  test('a revoked key is over for good', async () => {
    await using database = opened(await engine.newDatabase())
    const table = new KeysTable(database, [older])
    const { key, secret } = await table.create(traitsNamed('a'), 1000)
    expect((await table.revoke(key.id, 2000))?.revokedAt).toBe(2000)
    expect((await table.revoke(key.id, 3000))?.revokedAt).toBe(2000)
    expect(await table.find(secret)).toBeNull()
    expect(await codeOf(table.rotate(key.id, 0))).toBe('invalid_request')
    expect(await codeOf(table.change(key.id, { expiresAt: null }))).toBe('invalid_request')
    expect(await table.hasAny()).toBe(true)
    for (const change of [table.revoke('key_x'), table.rotate('key_x', 0), table.get('key_x')]) {
      expect(await change).toBeNull()
    }
    expect(await table.change('key_x', { name: 'b' })).toBeNull()
  })

  test('a change says only what is different', async () => {
    await using database = opened(await engine.newDatabase())
    const table = new KeysTable(database, [older])
    const { key, secret } = await table.create(everything, 1000)
    const changed = await table.change(
      key.id,
      { owner: null, tags: ['z'], scopes: { models: null }, limits: { tokensPerMinute: 5 } },
      2000,
    )
    const expected = {
      ...key,
      ...{ owner: null, tags: ['z'], updatedAt: 2000 },
      scopes: { ...key.scopes, models: null },
      limits: { ...key.limits, tokensPerMinute: 5 },
    }
    expect(changed).toEqual(expected)
    expect((await table.find(secret))?.key).toEqual(expected)
    expect(await table.list({ tag: 'x' }, 10)).toEqual([])
    expect(await table.list({ tag: 'z' }, 10)).toEqual([expected])
  })
}

function defineListTests(engine: Engine): void {
  test('lists filter and page, and take what they are asked for as it is', async () => {
    await using database = opened(await engine.newDatabase())
    const table = new KeysTable(database, [older])
    const ids: string[] = []
    for (let index = 0; index < 7; index++) {
      const traits = { ...traitsNamed(`name-${index % 2}`), owner: index < 3 ? 'Ann' : 'Bo' }
      // Several of one millisecond, because then their order must come from elsewhere.
      const { key } = await table.create({ ...traits, tags: [`t${index % 3}`] }, 1000)
      ids.push(key.id)
    }
    const idsOf = async (filter: Parameters<KeysTable['list']>[0], count = 10, now = 5000) =>
      (await table.list(filter, count, now)).map(({ id }) => id)
    const all = await idsOf({})
    expect(all.toSorted()).toEqual(ids.toSorted())
    const pages: string[] = []
    for (let after: string | undefined; pages.length < 7; after = pages.at(-1)) {
      const page = await idsOf(after === undefined ? {} : { after }, 3)
      expect(page.length).toBeGreaterThan(0)
      pages.push(...page)
    }
    expect(pages).toEqual(all)
    expect(await idsOf({ after: pages.at(-1) ?? '' })).toEqual([])
    expect(await idsOf({ owner: 'Ann', name: 'name-0' })).toHaveLength(2)
    expect(await idsOf({ tag: 't1' })).toHaveLength(2)
    const [revoked = '', expiring = ''] = ids
    await table.revoke(revoked)
    await table.change(expiring, { expiresAt: 4000 })
    expect(await idsOf({ state: 'revoked' })).toEqual([revoked])
    expect(await idsOf({ state: 'expired' })).toEqual([expiring])
    expect(await idsOf({ state: 'active' })).toHaveLength(5)
    for (const hostile of ["' or 1=1 --", '%', '_', "'; drop table managed_keys; --", '$1', '\\']) {
      for (const field of ['name', 'owner', 'tag', 'after'] as const) {
        expect(await idsOf({ [field]: hostile }), hostile).toEqual([])
      }
      expect(await table.get(hostile)).toBeNull()
      expect(await table.find(hostile)).toBeNull()
    }
    expect(await idsOf({})).toHaveLength(7)
  })

  test('a new KEY_SECRET in front of the old one loses no key, and then stands alone', async () => {
    await using database = opened(await engine.newDatabase())
    const before = new KeysTable(database, [older])
    const { key, secret } = await before.create(traitsNamed('a'))
    const hashedWith = async (table: KeysTable) =>
      (await table.secretsOf([key.id])).get(key.id)?.map((each) => each.hashedWith)
    expect(await hashedWith(before)).toEqual(['current'])
    const during = new KeysTable(database, [newer, older])
    expect(await hashedWith(during)).toEqual(['previous'])
    expect((await during.find(secret))?.key.id).toBe(key.id)
    expect(await hashedWith(during)).toEqual(['current'])
    const after = new KeysTable(database, [newer])
    expect((await after.find(secret))?.key.id).toBe(key.id)
    expect(await before.find(secret)).toBeNull()
    expect(await hashedWith(before)).toEqual(['unknown'])
  })
}

function defineHashTests(engine: Engine): void {
  test('without KEY_SECRET all who start at once share one, and can leave it behind', async () => {
    const url = await engine.newDatabase()
    await using first = opened(url)
    await using second = opened(url)
    const tables = [new KeysTable(first, []), new KeysTable(second, [])] as const
    const made = await Promise.all(tables.map((table, at) => table.create(traitsNamed(`k${at}`))))
    for (const table of tables) {
      for (const { key, secret } of made) expect((await table.find(secret))?.key.id).toBe(key.id)
    }
    const [one] = made
    // Who can write to the database cannot make keys, once the secret is elsewhere.
    expect(await new KeysTable(first, [newer]).find(one?.secret ?? '')).toBeNull()
    const moving = new KeysTable(first, [newer, 'database'])
    expect((await moving.find(one?.secret ?? ''))?.key.id).toBe(one?.key.id ?? '')
    expect(await new KeysTable(first, [newer]).find(one?.secret ?? '')).not.toBeNull()
  })

  test('a hundred keys at once are a hundred keys', async () => {
    await using database = opened(await engine.newDatabase())
    const table = new KeysTable(database, [older])
    const made = await Promise.all(
      Array.from({ length: 100 }, (_, index) => table.create(traitsNamed(`k${index}`))),
    )
    const found = await Promise.all(made.map(({ secret }) => table.find(secret)))
    expect(found.map((each) => each?.key.name)).toEqual(made.map(({ key }) => key.name))
  })
}

test('looking and listing make no file', async () => {
  const file = newFile()
  await using database = opened(file)
  const table = new KeysTable(database, [])
  expect(await table.find(newSecret())).toBeNull()
  expect(await table.hasAny()).toBe(false)
  expect(await table.list({}, 10)).toEqual([])
  expect(await table.revoke('key_x')).toBeNull()
  expect(existsSync(file)).toBe(false)
})

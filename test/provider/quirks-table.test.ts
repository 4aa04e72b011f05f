import { expect, test } from 'bun:test'
import { dropped, renamed } from '../../src/provider/quirks.ts'
import { quirksTable } from '../../src/provider/quirks-table.ts'
import { providerQuirks } from '../../src/provider/registry.ts'

test('what several providers share is one row', () => {
  const shared = dropped('top_k', 'Unknown | there.')
  const table = quirksTable({ b: [shared, renamed('seed', 'random_seed')], a: [shared], c: [] })
  expect(table.split('\n').slice(2)).toEqual([
    '| `seed` | renamed | It is called `random_seed` there. | b |',
    '| `top_k` | dropped | Unknown \\| there. | a, b |',
  ])
})

test('every quirk of the registry is in it', () => {
  const table = quirksTable(providerQuirks)
  for (const [kind, quirks] of Object.entries(providerQuirks)) {
    for (const { what } of quirks) expect(table).toMatch(new RegExp(`\`${what}\`.*\\b${kind}\\b`))
  }
})

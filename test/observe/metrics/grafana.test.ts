/** The Grafana dashboard asks for what there is, by labels that it has, and its panels fit. */
import { expect, test } from 'bun:test'
import { grafanaDashboard } from '../../../src/observe/grafana/dashboard.ts'
import { allFamilies } from '../../../src/observe/metrics/metrics.ts'

const dashboard = JSON.parse(JSON.stringify(grafanaDashboard()))

interface PanelJson {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[]
}

const panels: readonly PanelJson[] = dashboard.panels
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }): [string, string] => [title, expr]),
)

/** Every name that Prometheus stores, with the labels that it has. */
const stored = new Map(
  allFamilies.flatMap(({ name, type, labels }): [string, readonly string[]][] =>
    type === 'histogram'
      ? ['_bucket', '_sum', '_count'].map((end) => [
          `${name}${end}`,
          end === '_bucket' ? ['le', ...labels] : labels,
        ])
      : [[name, labels]],
  ),
)

test.each(queries)('%s: %s', (_title, expr) => {
  const bare = expr.replace(/"[^"]*"/g, '""')
  const names = [...bare.matchAll(/\b(?:sluice|gen_ai|process)_\w+(?=\{)/g)].map(([name]) => name)
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) expect([...stored.keys()]).toContain(name)
  // Each of its matchers is on a label that the metric has.
  for (const [, name = '', matchers = ''] of bare.matchAll(/(\w+)\{([^}]*)\}/g)) {
    const known = [...(stored.get(name) ?? []), 'instance']
    for (const [, label = ''] of matchers.matchAll(/(\w+)[=!]/g)) expect(known).toContain(label)
  }
  const grouped = [...bare.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by = '']) => by.split(', '))
  const labels = names.flatMap((name) => stored.get(name) ?? [])
  for (const label of grouped) expect(labels).toContain(label)
  // Counters are only ever looked at as rates, gauges never.
  for (const name of names) {
    const isCounted = /(_total|_bucket|_sum|_count)$/.test(name)
    expect(new RegExp(`(rate|increase)\\(${name}\\{`).test(bare), expr).toBe(isCounted)
  }
  expect(bare.split('(').length).toBe(bare.split(')').length)
})

test('nearly every metric is shown', () => {
  const shown = new Set(queries.flatMap(([, expr]) => [...expr.matchAll(/\w+/g)].map(([w]) => w)))
  const unseen = allFamilies
    .map(({ name }) => name)
    .filter((name) => !['', '_bucket', '_sum', '_count'].some((end) => shown.has(`${name}${end}`)))
  expect(queries.length).toBeGreaterThan(60)
  expect(unseen.length).toBeLessThan(allFamilies.length * 0.4)
})

test('ids are unique, panels lie beside each other, and each row has some', () => {
  const ids = panels.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const cells = new Set<string>()
  for (const { gridPos, title } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(cells.has(`${x} ${y}`), title).toBe(false)
        cells.add(`${x} ${y}`)
      }
    }
  }
  const rows = panels.filter(({ type }) => type === 'row')
  expect(rows.length).toBe(8)
  expect(rows.every(({ id }) => panels.find((panel) => panel.id === id + 1)?.type !== 'row')).toBe(
    true,
  )
})

test('letters of queries are unique in a panel, and the source of data is chosen', () => {
  for (const { targets = [], title } of panels) {
    const letters = targets.map(({ refId }) => refId)
    expect(new Set(letters).size, title).toBe(letters.length)
  }
  const names = dashboard.templating.list.map(({ name }: { name: string }) => name)
  expect(names).toEqual(['datasource', 'instance', 'provider', 'model'])
  const variables = [...JSON.stringify(dashboard).matchAll(/\$(?!__)(\w+)/g)].map(
    ([, name]) => name,
  )
  expect([...new Set(variables)].toSorted()).toEqual(names.toSorted())
  expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39)
})

import { expect, test } from 'bun:test'
import { allFamilies } from '../../../src/observe/metrics/metrics.ts'
import { attributeNameOf, otelNameOf } from '../../../src/observe/otlp/metric-names.ts'

/** As a collector writes it for Prometheus (OpenTelemetry, "Prometheus compatibility"). */
function prometheusName({ name, unit }: { name: string; unit: string }, isCounter: boolean) {
  const suffix = { s: '_seconds', By: '_bytes' }[unit] ?? ''
  const stem = name.replaceAll('.', '_')
  return `${stem}${stem.endsWith(suffix) ? '' : suffix}${isCounter ? '_total' : ''}`
}

test('the names of our own metrics come back as they were', () => {
  const own = allFamilies.filter(({ name }) => /^(sluice|gen_ai)_/.test(name))
  expect(own.length).toBeGreaterThan(30)
  for (const { name, type } of own) {
    const named = otelNameOf(name)
    if (name === 'sluice_build_info') expect(named).toBeNull()
    else expect(named && prometheusName(named, type === 'counter')).toBe(name)
  }
})

test('no two metrics have one name', () => {
  const names = allFamilies.map(({ name }) => otelNameOf(name)?.name).filter(Boolean)
  expect(new Set(names).size).toBe(names.length)
})

test('labels of the conventions are called as there', () => {
  for (const { labels } of allFamilies.filter(({ name }) => name.startsWith('gen_ai_'))) {
    for (const label of labels.filter((label) => label.startsWith('gen_ai_'))) {
      expect(attributeNameOf(label)).toStartWith('gen_ai.')
    }
  }
})

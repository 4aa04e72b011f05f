import { describe, expect, test } from 'bun:test'
import { loadConfig } from '../../src/config/env.ts'
import { effectiveText } from '../../src/config/print.ts'
import type { Environment } from '../../src/config/variable.ts'

function settingsOf(environment: Environment) {
  const loaded = loadConfig(environment)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.config.telemetry
}

function problemsOf(environment: Environment): readonly string[] {
  const loaded = loadConfig(environment)
  return loaded.ok ? [] : loaded.problems
}

const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }

test('nothing is sent without an address, or where it is turned off', () => {
  expect(settingsOf({})).toBeNull()
  expect(settingsOf({ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' })).toBeNull()
  expect(settingsOf({ ...collector, OTEL_SDK_DISABLED: 'true' })).toBeNull()
  const none = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }
  expect(settingsOf({ ...collector, ...none })).toBeNull()
})

test('an address is all that is needed', () => {
  expect(settingsOf(collector)).toEqual({
    tracesUrl: 'http://collector:4318/v1/traces',
    metricsUrl: 'http://collector:4318/v1/metrics',
    headers: {},
    timeoutMs: 10_000,
    compression: 'none',
    serviceName: 'sluice',
    resourceAttributes: {},
    sampler: 'parentbased_always_on',
    sampledRatio: 1,
    joinsTraces: true,
    tellsProviders: true,
    capturesContent: false,
    waitingSpansMax: 4096,
    batchDelayMs: 5000,
    metricIntervalMs: 60_000,
    temporality: 'cumulative',
  })
})

test('each kind of data can have an address of its own, and be the only one', () => {
  const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/in' }
  const only = settingsOf(traces)
  expect([only?.tracesUrl, only?.metricsUrl]).toEqual(['https://traces.example/in', null])
  expect(settingsOf({ ...collector, ...traces })?.metricsUrl).toEndWith(':4318/v1/metrics')
  expect(settingsOf({ ...collector, OTEL_METRICS_EXPORTER: 'none' })?.metricsUrl).toBeNull()
})

test('lists are read as the specification writes them', () => {
  const settings = settingsOf({
    ...collector,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=secret%2Cwith%20more , authorization=Basic a=b',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=caf%C3%A9,service.name=from-list',
  })
  expect(settings?.headers).toEqual({
    'x-api-key': 'secret,with more',
    authorization: 'Basic a=b',
  })
  expect(settings?.resourceAttributes['deployment.environment.name']).toBe('café')
  expect(settings?.serviceName).toBe('from-list')
  const named = { ...collector, OTEL_RESOURCE_ATTRIBUTES: 'service.name=from-list' }
  expect(settingsOf({ ...named, OTEL_SERVICE_NAME: 'own' })?.serviceName).toBe('own')
})

test('propagators of other systems do no harm', () => {
  const joinsTraces = (list: string) =>
    settingsOf({ ...collector, OTEL_PROPAGATORS: list })?.joinsTraces
  expect(['tracecontext,baggage', 'b3, tracecontext', 'b3', 'none'].map(joinsTraces)).toEqual([
    true,
    true,
    false,
    false,
  ])
})

describe('a wrong value is one line', () => {
  test.each([
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      'OTEL_EXPORTER_OTLP_PROTOCOL: must be http/json, which every collector takes on its HTTP ' +
        'port, got "grpc"',
    ],
    [{ OTEL_TRACES_SAMPLER: 'xray' }, 'OTEL_TRACES_SAMPLER: must be one of always_on, '],
    [{ OTEL_TRACES_SAMPLER_ARG: '1.1' }, 'OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'no value' }, 'OTEL_EXPORTER_OTLP_HEADERS: must be name=value'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=%0d%0ab' }, 'OTEL_EXPORTER_OTLP_HEADERS: must be name='],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' }, 'OTEL_RESOURCE_ATTRIBUTES: must be name=value'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' }, 'OTEL_EXPORTER_OTLP_ENDPOINT: must be an'],
  ])('%p', (environment, line) => {
    const problems = problemsOf({ ...collector, ...environment })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toStartWith(line)
  })

  test('but another protocol is nobody`s fault while nothing is sent', () => {
    expect(problemsOf({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual([])
  })
})

test('the headers are never shown', () => {
  const secret = 'sk-collector-0123456789'
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${secret}` }
  const loaded = loadConfig({ ...collector, ...headers })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const text = effectiveText(loaded.config, loaded.settings)
  expect(text).toContain('OTEL_EXPORTER_OTLP_HEADERS=****')
  expect(text).not.toContain('sk-collector')
  const wrong = problemsOf({ ...collector, OTEL_EXPORTER_OTLP_HEADERS: `${secret}\u0007` })
  expect(wrong.join()).not.toContain('sk-collector')
})

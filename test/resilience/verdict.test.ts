import { expect, test } from 'bun:test'
import { type ErrorCode, errorTable, GatewayError } from '../../src/core/errors.ts'
import { leftNoTrace, verdictOn } from '../../src/resilience/verdict.ts'

const provider = (status: number, detail = {}): GatewayError =>
  new GatewayError('upstream_error', { status, ...detail })

const table: readonly [name: string, error: GatewayError, action: string, counts: boolean][] = [
  ['500', provider(500), 'again', true],
  ['502', provider(502), 'again', true],
  ['503', provider(503), 'again', true],
  ['529', provider(529), 'again', true],
  ['429', provider(429), 'again', true],
  ['408', provider(408), 'again', true],
  ['409', provider(409), 'again', true],
  ['400', provider(400), 'stop', false],
  ['404', provider(404), 'stop', false],
  ['413', provider(413), 'stop', false],
  ['422', provider(422), 'stop', false],
  ['a filter', provider(400, { providerCode: 'content_filter' }), 'stop', false],
  ['401', provider(401), 'next', false],
  ['402', provider(402), 'next', false],
  ['403', provider(403), 'next', false],
  ['quota', provider(429, { providerCode: 'insufficient_quota' }), 'next', false],
  ['too long', provider(400, { providerCode: 'context_length_exceeded' }), 'longer', false],
  [
    'too long in words',
    provider(400, { message: 'The input token count (9) exceeds the maximum' }),
    'longer',
    false,
  ],
  ['without a status', new GatewayError('upstream_error'), 'again', true],
]
test.each(table)('%s', (_, error, action, counts) => {
  const verdict = verdictOn(error)
  expect([verdict.action, verdict.counts]).toEqual([action as 'stop', counts])
})

test('a time limit is never tried again on the same target', () => {
  const codes = Object.keys(errorTable) as ErrorCode[]
  for (const code of codes.filter((each) => each.endsWith('_timeout'))) {
    expect(verdictOn(new GatewayError(code)).action).not.toBe('again')
  }
})

test('nothing of ours is tried again, nor counted; a limit leaves the other targets', () => {
  const codes = Object.keys(errorTable) as ErrorCode[]
  const limits: readonly ErrorCode[] = ['rate_limit_exceeded', 'too_many_streams']
  for (const code of limits) {
    expect(verdictOn(new GatewayError(code))).toEqual({ action: 'next', counts: false, parkMs: 0 })
  }
  const others = codes.filter((code) => !code.startsWith('upstream_') && !limits.includes(code))
  for (const code of others) {
    expect(verdictOn(new GatewayError(code))).toMatchObject({ action: 'stop', counts: false })
  }
  expect(verdictOn(new GatewayError('upstream_total_timeout')).action).toBe('stop')
})

test('a refused key and a spent quota park the key, and nothing else does', () => {
  expect(verdictOn(new GatewayError('upstream_auth_failed')).parkMs).toBeGreaterThan(0)
  expect(verdictOn(provider(402)).parkMs).toBeGreaterThan(0)
  expect(verdictOn(provider(429)).parkMs).toBe(0)
  expect(verdictOn(provider(500)).parkMs).toBe(0)
})

test('an upload is repeated only where the provider did nothing with it', () => {
  const codes: ErrorCode[] = ['upstream_connect_failed', 'upstream_dns_failed']
  for (const code of codes) expect(leftNoTrace(new GatewayError(code))).toBe(true)
  expect(leftNoTrace(provider(429))).toBe(true)
  expect(leftNoTrace(provider(500))).toBe(false)
  expect(leftNoTrace(new GatewayError('upstream_reset'))).toBe(false)
})

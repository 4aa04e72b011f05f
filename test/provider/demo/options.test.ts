import { describe, expect, test } from 'bun:test'
import { readModel } from '../../../src/provider/demo/options.ts'
import { ask, chat, demoSettings } from '../stand.ts'

const optionsOf = (query: string) => readModel(`stream?${query}`, demoSettings).options

describe('options in the model name', () => {
  test('defaults come from the settings', () => {
    const { name, options } = readModel('stream', { tokens: 64, tokensPerSecond: 30 })
    expect(name).toBe('stream')
    expect(options).toMatchObject({ tokens: 64, tokensPerSecond: 30, tokensPerChunk: 1 })
    expect(options).toMatchObject({ fault: null, wholeFault: null, status: 200, seed: null })
  })

  test('all of them are read', () => {
    const query = 'tokens=200&tokensPerSecond=0.5&seed=1&firstTokenMs=500&tokensPerChunk=8'
    expect(optionsOf(`${query}&headersMs=20&retryAfter=Wed,%2021%20Oct%202026`)).toMatchObject({
      tokens: 200,
      tokensPerSecond: 0.5,
      seed: 1,
      firstTokenMs: 500,
      tokensPerChunk: 8,
      headersMs: 20,
      retryAfter: 'Wed, 21 Oct 2026',
    })
  })

  test.each(['error', 'reset', 'truncate', 'stall', 'invalid'] as const)('fail=%s@N', (kind) => {
    expect(optionsOf(`fail=${kind}@20`).fault).toEqual({ kind, at: 20 })
  })

  test.each(['empty', 'html', 'error-body', 'no-end'] as const)('fail=%s', (kind) => {
    expect(optionsOf(`fail=${kind}`).wholeFault).toBe(kind)
  })

  test('fail=status and fail=slow-headers are the same as their own options', () => {
    expect(optionsOf('fail=status=429').status).toBe(429)
    expect(optionsOf('status=503').status).toBe(503)
    expect(optionsOf('fail=slow-headers').headersMs).toBe(60_000)
    expect(optionsOf('fail=slow-headers@250').headersMs).toBe(250)
  })

  test.each([
    ...['token=5', 'tokens=', 'tokens=-1', 'tokens=1.5', 'tokens=1e9', 'tokens=x', 'seed=-1'],
    ...['tokensPerChunk=0', 'tokensPerSecond=Infinity', 'firstTokenMs=99999999', 'status=200'],
    ...['status=99', 'status=600', 'fail=', 'fail=reset', 'fail=reset@', 'fail=reset@1@2'],
    ...['fail=unheard', 'fail=html@2', 'fail=status=200', 'retryAfter=a%0d%0ab', '__proto__=1'],
  ])('refuses %s with a 400 that names the option', async (query) => {
    const response = await ask('/chat/completions', chat(`stream?${query}`))
    expect(response.status).toBe(400)
    const { error } = await response.json()
    expect(error).toMatchObject({ type: 'invalid_request_error', param: 'model' })
    expect(error.message).toContain(`'${query.slice(0, query.indexOf('='))}'`)
  })
})

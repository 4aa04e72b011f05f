/**
 * Methods and targets that mean something else elsewhere: everybody sees one path, the one that is
 * routed, and a host in the target chooses nothing (fault matrix, row 55).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import {
  answer,
  chatPath,
  expectParserRefusal,
  host,
  outcomeOf,
  type Row,
  raw,
  rawChat,
  sendTo,
  testRefusals,
} from './request-stand.ts'

afterEach(endStands)

const rows: readonly Row[] = [
  ['an unknown path', { path: '/nothing' }, 404, 'unknown_url'],
  ['the bare version', { path: '/v1/' }, 404, 'unknown_url'],
  ['a wrong method', { method: 'DELETE', path: chatPath }, 405, 'method_not_allowed'],
  ['another wrong method', { method: 'GET', path: '/v1/embeddings' }, 405, 'method_not_allowed'],
  ['OPTIONS', { method: 'OPTIONS', path: chatPath }, 405, 'method_not_allowed'],
  ['a slash too many', { path: '//evil.test/v1/models' }, 400, 'invalid_url'],
  ['an encoded slash', { path: '/passthrough/openai%2Fx/y' }, 400, 'invalid_url'],
  ['an encoded letter', { path: '/v1/%63hat/completions' }, 400, 'invalid_url'],
  ['an encoded backslash', { path: '/v1/%5c%5cevil.test/x' }, 400, 'invalid_url'],
  ['an encoded null', { path: '/v1/files%00.json' }, 400, 'invalid_url'],
  ['a fragment', { path: '/v1/files#/../x' }, 400, 'invalid_url'],
  ['a percent sign alone', { path: '/v1/files/100%' }, 400, 'invalid_url'],
  ['a passthrough to nobody', { path: '/passthrough/nobody/x' }, 404, 'provider_not_found'],
  ['a passthrough to a host', { path: '/passthrough/evil.test/x' }, 404, 'provider_not_found'],
  [
    'a passthrough to a host and port',
    { path: '/passthrough/openai@evil.test:80/x' },
    404,
    'provider_not_found',
  ],
]

describe('a target', () => {
  testRefusals('with %s', rows)
})

describe('a method that no client of ours uses ends its connection', () => {
  test.each([
    'CONNECT evil.test:443',
    'CONNECT 127.0.0.1:22',
    'CONNECT /v1/files',
    `TRACE ${chatPath}`,
    `PROPFIND ${chatPath}`,
  ])('%s', async (startLine) => {
    const stand = await startStand(answer)
    const tunnelled = rawChat()
    const { client, response } = await sendTo(stand, raw(startLine, [host]))
    expect(await response.ended()).toBe('complete')
    expect(outcomeOf(response)).toEqual([405, 'method_not_allowed'])
    expect(response.header('connection')).toBe('close')
    await client.send(tunnelled).catch(() => {})
    await client.closed
    expect([client.ending, stand.upstream.connectionCount]).toEqual(['peer-fin', 0])
  })
})

test.each([
  'GET *',
  'OPTIONS *',
  'GET v1/files',
  'GET @evil.test/v1/files',
  'GET ftp://localhost/v1/files',
  'GET \\\\evil.test\\v1\\files',
])('no target for the parser: %s', async (startLine) => {
  const stand = await startStand(answer)
  await expectParserRefusal(stand, raw(startLine, [host]))
  expect(stand.upstream.connectionCount).toBe(0)
})

/** What is sent, and the path that the provider gets. */
const resolved: Readonly<Record<string, string>> = {
  'http://evil.test/v1/files': '/v1/files',
  'https://evil.test:1/v1/files': '/v1/files',
  'http://u:p@evil.test/v1/files?a=b': '/v1/files?a=b',
  '/v1/x/../files': '/v1/files',
  '/v1/x/%2e%2E/files': '/v1/files',
  '/v1/./files': '/v1/files',
  '/v1\\files': '/v1/files',
  '/v1/files;a=b/c': '/v1/files;a=b/c',
  '/v1/files?x=//evil.test/..%2f': '/v1/files?x=//evil.test/..%2f',
}

test.each(Object.entries(resolved))('%s goes to the configured host', async (target, path) => {
  const stand = await startStand(answer)
  const { response } = await sendTo(stand, raw(`GET ${target}`, [host]))
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  const request = await stand.upstream.request(0)
  expect(request.path).toBe(path)
  expect(request.header('host')).toBe(`127.0.0.1:${stand.upstream.port}`)
  expect(stand.upstream.requestCount).toBe(1)
})

test.each([
  '/v1/../buffer-pool-metrics',
  '/v1/%2e%2e/buffer-pool-metrics',
  '/v1\\..\\buffer-pool-metrics',
  'http://x/v1/../buffer-pool-metrics',
])('%s is what it resolves to, with its own lock', async (target) => {
  const stand = await startStand(answer, { ADMIN_TOKEN: 'secret' })
  const { response } = await sendTo(stand, raw(`GET ${target}`, [host]))
  expect(await response.ended()).toBe('complete')
  expect(outcomeOf(response)).toEqual([401, 'invalid_api_key'])
  expect(stand.upstream.connectionCount).toBe(0)
})

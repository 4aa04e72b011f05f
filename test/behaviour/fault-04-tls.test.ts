/**
 * Row 4: no secure connection to the provider. Which certificate is wrong, and how, is for the log
 * only. A handshake that never answers is bounded by the clock of row 2.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { silence } from '../kit/answers.ts'
import { type Certificates, canCertify, makeCertificates } from '../kit/certificates.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { type Program, startSource } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { allAt, askPair, expectRefused, noRetries, pairRows } from './dialect-stand.ts'
import { errorOf } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

const secure = ({ port }: Upstream): string => `https://127.0.0.1:${port}`

/** Words of certificates that a client must not read. */
const detail = /certificate|expired|altname|self.signed|CERT_|127\.0\.0\.1/i

describe('a provider that is no TLS server', () => {
  afterEach(endStands)

  test.each(pairRows)('speaks plain HTTP: a status, %s', async (_name, pair) => {
    const plain = startUpstream(silence, {
      onConnection: (connection) => void connection.raw('HTTP/1.1 400 Bad Request\r\n\r\n'),
    })
    const environment = { ...noRetries, ...allAt(secure(plain)) }
    const { stand, response } = await askPair(pair, silence, { environment })
    expectRefused(response, pair, 'upstream_tls_failed')
    expect(response.text()).not.toMatch(detail)
    expect([(await stand.record(0)).attempts, plain.requestCount]).toEqual([1, 0])
    plain.stop()
  })

  test('is tried again, then left for the next target, and counted by its breaker', async () => {
    const plain = startUpstream(silence, {
      onConnection: (connection) => void connection.raw('SSH-2.0-OpenSSH_9.2\r\n'),
    })
    const stand = await startTargets(
      [silence, answering('from b')],
      {},
      { breakerFailures: 3 },
      { A_BASE_URL: `${secure(plain)}/v1` },
    )
    expect((await stand.chat()).text()).toBe(answerText('from b'))
    const { attemptLog } = await stand.record(0)
    expect(attemptLog.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['first', 'upstream_tls_failed'],
      ['retry', 'upstream_tls_failed'],
      ['retry', 'upstream_tls_failed'],
      ['failover', 'answered'],
    ])
    expect((await stand.chat()).header('x-sluice-attempts')).toBe('1')
    expect([plain.connectionCount, ...requestCounts(stand)]).toEqual([3, 0, 2])
    plain.stop()
  })

  test('never answers the handshake: given up after five seconds, not tried again', async () => {
    // The bytes of the handshake are no request, so its script never begins.
    const mute = startUpstream(silence)
    const environment = { A_BASE_URL: `${secure(mute)}/v1` }
    const alone = await startTargets([silence], {}, {}, environment)
    const two = await startTargets([silence, answering('from b')], {}, {}, environment)
    const startedAtMs = performance.now()
    const [response, other] = await Promise.all([alone.chat(), two.chat()])
    const tookMs = performance.now() - startedAtMs
    expect([response.status, errorOf(response).code]).toEqual([504, 'upstream_connect_timeout'])
    expect(other.text()).toBe(answerText('from b'))
    expect(tookMs).toBeGreaterThan(4900)
    expect(tookMs).toBeLessThan(8000)
    expect((await alone.record(0)).attempts).toBe(1)
    expect((await two.record(0)).attemptLog.map(({ outcome }) => outcome)).toEqual([
      'upstream_connect_timeout',
      'answered',
    ])
    await mute.until(({ openConnections }) => openConnections === 0, 'the close')
    mute.stop()
  }, 20_000)
})

describe.skipIf(!canCertify)('a provider with a certificate', () => {
  const names = ['good', 'expired', 'misplaced', 'selfSigned'] as const
  type Name = (typeof names)[number]
  let upstreams: Readonly<Record<Name, Upstream>>
  let program: Program

  beforeAll(async () => {
    const certificates: Certificates = makeCertificates()
    const started = (name: Name): Upstream =>
      startUpstream(answering(name), { tls: certificates[name] })
    upstreams = {
      good: started('good'),
      expired: started('expired'),
      misplaced: started('misplaced'),
      selfSigned: started('selfSigned'),
    }
    program = await startSource({
      // Only a process of its own takes another authority, which it reads at its start.
      NODE_EXTRA_CA_CERTS: certificates.authorityFile,
      OPENAI_COMPATIBLE_PROVIDERS: names.join(',').toLowerCase(),
      ...Object.fromEntries(
        names.map((name) => [`${name.toUpperCase()}_BASE_URL`, `${secure(upstreams[name])}/v1`]),
      ),
      RETRY_BASE_MS: '1',
      RETRY_MAX_MS: '1',
      BREAKER: 'off',
      LOG_FORMAT: 'json',
    })
  })

  afterAll(async () => {
    await program.stop()
    for (const upstream of Object.values(upstreams)) upstream.stop()
  })

  const chat = (
    name: Name,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawResponse> => {
    const body = { model: `${name.toLowerCase()}/m`, stream: true, messages: [] }
    return ask(program.url, jsonRequest('/v1/chat/completions', body, headers))
  }

  test('that is good is asked', async () => {
    const response = await chat('good')
    expect([response.status, response.text()]).toEqual([200, answerText('good')])
    expect(upstreams.good.requestCount).toBe(1)
  })

  test.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['misplaced', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] as const)('that is %s gets no request, and the log says why', async (name, cause) => {
    const response = await chat(name)
    expect([response.status, errorOf(response).code]).toEqual([502, 'upstream_tls_failed'])
    expect(response.text()).not.toMatch(detail)
    expect(response.header('x-should-retry')).toBe('false')
    expect(upstreams[name].requestCount).toBe(0)
    const error = `"error":"upstream_tls_failed","cause":"${cause}"`
    const rest = `"provider":"${name.toLowerCase()}","model":"m",.*"attempts":3`
    await program.untilLog(new RegExp(`${error},${rest}`))
  })

  test('that is expired is left for another target', async () => {
    const response = await chat('expired', { 'x-sluice-fallbacks': 'good/m' })
    expect([response.status, response.text()]).toEqual([200, answerText('good')])
    expect(response.header('x-sluice-provider')).toBe('good')
    expect(upstreams.expired.requestCount).toBe(0)
  })
})

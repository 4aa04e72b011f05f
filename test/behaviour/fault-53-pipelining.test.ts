/**
 * Requests that are sent before the answer to the one before (fault matrix, row 53).
 *
 * The row wants them answered in order. The runtime's server does so only where the answer before
 * is complete when it reads the next request; while one is under way, it closes the connection
 * instead, as RFC 9112 9.3.2 allows, and a client sends again what was not answered. What is tested
 * is that nothing is ever mixed up: no answer for the wrong request, no second request at the
 * provider, and the first one is cancelled like that of any client that goes.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventText } from '../kit/answers.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'
import { answer, chatPath, goodText, host, outcomeOf, raw, rawChat } from './request-stand.ts'

afterEach(endStands)

const post = rawChat()
const health = raw('GET /healthz', [host])
const unknown = raw('GET /nothing', [host])

test('what is answered at once is answered in order', async () => {
  const stand = await startStand(answer)
  const client = await stand.connect()
  const responses = ['GET', 'GET', 'POST', 'GET'].map((method) => client.expect(method))
  await client.send(
    health + unknown + raw('POST /healthz', [host, 'content-length: 2'], 'ab') + health,
  )
  const outcomes = []
  for (const response of responses) {
    expect(await response.ended()).toBe('complete')
    outcomes.push(...outcomeOf(response))
  }
  expect(outcomes.filter((value) => typeof value === 'number')).toEqual([200, 404, 405, 200])
  expect(stand.upstream.connectionCount).toBe(0)
})

test('the last of them may take its time', async () => {
  const stand = await startStand(answer)
  const client = await stand.connect()
  const responses = ['GET', 'POST'].map((method) => client.expect(method))
  await client.send(health + post)
  for (const response of responses) expect(await response.ended()).toBe('complete')
  expect(responses.map((response) => response.status)).toEqual([200, 200])
  expect(await (await stand.upstream.request(0)).text()).toBe(goodText)
  expect(stand.upstream.requestCount).toBe(1)
})

describe('a request behind one that is under way', () => {
  test('in the same packet: neither is answered, and the provider is not asked', async () => {
    const stand = await startStand(answer)
    const client = await stand.connect()
    const responses = ['POST', 'POST', 'GET'].map((method) => client.expect(method))
    await client.send(post + post + health)
    await client.closed
    expect(client.ending).toBe('peer-fin')
    expect(responses.map((response) => response.status)).toEqual([0, 0, 0])
    expect((await stand.record(0)).endReason).toBe('client_gone')
    expect([stand.records.length, stand.upstream.requestCount]).toEqual([1, 0])
  })

  test('while the provider is asked: it is let go, and not asked again', async () => {
    const stand = await startStand(async (_request, connection) => {
      await connection.closed
    })
    const client = await stand.connect()
    const responses = [client.expect('POST'), client.expect('POST')]
    await client.send(post)
    const { connectionId } = await stand.upstream.request(0)
    await client.send(post)
    await client.closed
    await (await stand.upstream.connection(connectionId)).closed
    expect(responses.map((response) => response.status)).toEqual([0, 0])
    expect((await stand.record(0)).endReason).toBe('client_gone')
    expect([stand.records.length, stand.upstream.requestCount]).toEqual([1, 1])
  })

  test('in the middle of a stream: it ends as a broken one', async () => {
    const [role = '', token = ''] = chatEvents(['Hello'])
    const stand = await startStand(async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(eventText(role) + eventText(token))
      await connection.closed
    })
    const client = await stand.connect()
    const body = JSON.stringify(chatRequest)
    const lines = [host, 'content-type: application/json', `content-length: ${body.length}`]
    const responses = [client.expect('POST'), client.expect('GET')]
    await client.send(raw(`POST ${chatPath}`, lines, body))
    const [stream] = responses
    await stream?.until((response) => response.text().includes('Hello'), 'the first token')
    await client.send(health)
    expect(await stream?.ended()).toBe('truncated')
    expect(stream?.text()).not.toContain('[DONE]')
    expect(responses[1]?.status).toBe(0)
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
    expect((await stand.record(0)).endReason).toBe('client_gone')
    expect(stand.upstream.requestCount).toBe(1)
  })
})

test('a good request and the beginning of another: the first is answered', async () => {
  const stand = await startStand(answer)
  const client = await stand.connect()
  const responses = [client.expect('POST'), client.expect('GET')]
  await client.send(`${post}GET /heal`)
  expect(await responses[0]?.ended()).toBe('complete')
  await client.send(`thz HTTP/1.1\r\n${host}\r\n\r\n`)
  expect(await responses[1]?.ended()).toBe('complete')
  expect(responses.map((response) => response.status)).toEqual([200, 200])
  expect(stand.upstream.requestCount).toBe(1)
})

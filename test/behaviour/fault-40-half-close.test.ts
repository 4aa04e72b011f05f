/**
 * A client that sends FIN behind its request and would read on: the runtime takes it for one that
 * is gone, and so do we, in each phase (fault matrix, row 40). A client that needs the answer keeps
 * its side open.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventText } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'
import { expectLetGo, expectNobodyAsked, phases } from './leaving-stand.ts'

afterEach(endStands)

test.each(Object.entries(phases))('%s', (_name, phase) =>
  expectLetGo(phase, (client) => client.halfClose()),
)

test('while the JSON body is read', () => expectNobodyAsked((client) => client.halfClose()))

test('the client reads what came before, and never a proper end', async () => {
  const [role = '', token = ''] = chatEvents(['Hello'])
  const stand = await startStand(async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk(eventText(role) + eventText(token))
    await connection.closed
  })
  const asking = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
  await asking.response.until((response) => response.text().includes('Hello'), 'the first token')
  asking.client.halfClose()
  expect(await asking.response.ended()).not.toBe('complete')
  expect(asking.response.text()).not.toContain('[DONE]')
  expect((await stand.record(0)).endReason).toBe('client_gone')
})

describe('with the request in the same packet', () => {
  test('nobody is asked, or is let go', async () => {
    const stand = await startStand(async (_request, connection) => {
      await connection.closed
    })
    const { client, response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
    client.halfClose()
    await response.ended()
    expect((await stand.record(0)).endReason).toBe('client_gone')
    await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
    expect([response.status, stand.records.length]).toEqual([0, 1])
  })
})

/** Who is asked for another answer, and what goes on while it is awaited. */
import { afterEach, describe, expect, test } from 'bun:test'
import { jsonRequest } from '../kit/client.ts'
import { endStands } from './client-stand.ts'
import { requestOf } from './dialect-stand.ts'
import { a, ask, b, c, chat, expectTold, silent, textOf } from './recover-raw.ts'
import { answers, breaks, readBySdk, startRecover, wholeText } from './recover-stand.ts'
import { routeName } from './route-stand.ts'

afterEach(endStands)

describe('who is asked', () => {
  test('first those that go on with the text, each target once', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('reset', 2)] },
      { target: b, does: [answers('Something else.')] },
      { target: { model: c, prefill: true }, does: [breaks('fin', 1, 'three')] },
    ])
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    const { attemptLog, recovery } = await on.stand.record(0)
    expect(attemptLog.map(({ target }) => target)).toEqual([a, c, b])
    expect(recovery).toBe('failed')
  })

  test('a second failure is recovered by a third target', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('reset', 2)] },
      { target: b, does: [breaks('error', 6, 'two')] },
      { target: c, does: [answers()] },
    ])
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(textOf(response)).toBe(wholeText)
    const comments = response.text().match(/^: sluice .*$/gm)
    expect(comments).toEqual([
      ': sluice recovered by restart on openai/model-b',
      ': sluice recovered by restart on openai/model-c',
    ])
    expect((await on.stand.record(0)).recovery).toBe('restart')
  })

  test('a second failure before anything new was said is told as the first one', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('reset', 4)] },
      { target: b, does: [breaks('end', 2, 'two')] },
    ])
    await expectTold(on.stand, await ask(on), 'upstream_reset')
  })

  test('the same target once more, where it goes on with its own text', async () => {
    const { stand, begun } = await startRecover([
      { target: { model: a, prefill: true }, does: [breaks('reset'), answers()] },
    ])
    const reading = await readBySdk('chat', stand.url, begun)
    expect([reading.raised, reading.text]).toEqual([null, wholeText])
    expect((await stand.record(0)).recovery).toBe('prefill')
  })

  test('not the same target where it does not', async () => {
    const on = await startRecover([{ target: a, does: [breaks('reset')] }])
    await expectTold(on.stand, await ask(on), 'upstream_reset')
    expect(on.stand.upstream.requestCount).toBe(1)
  })

  test('nobody on a route that does not recover', async () => {
    const on = await startRecover(
      [
        { target: a, does: [breaks('reset')] },
        { target: b, does: [] },
      ],
      {},
      'error',
    )
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toContain('"code":"upstream_reset"')
    expect((await on.stand.record(0)).recovery).toBeNull()
  })
})

describe('while another answer is awaited', () => {
  const waiting = (environment: Readonly<Record<string, string>> = {}) =>
    startRecover(
      [
        { target: a, does: [breaks('fin')] },
        { target: b, does: [silent] },
      ],
      environment,
    )

  test('a client that leaves takes the new target with it', async () => {
    const on = await waiting()
    const { client, response } = await on.stand.ask(requestOf(chat))
    await response.until((r) => r.text().includes('Hel'), 'the first text')
    on.begun()
    await on.stand.upstream.request(1)
    const leftAtMs = performance.now()
    client.close()
    await on.stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
    expect(performance.now() - leftAtMs).toBeLessThan(1000)
    const record = await on.stand.record(0)
    expect([record.endReason, record.recovery]).toEqual(['client_gone', null])
  })

  test('heartbeats go on', async () => {
    const on = await waiting({ STREAM_HEARTBEAT_INTERVAL_MS: '60' })
    const response = await ask(on)
    await on.stand.upstream.request(1)
    const already = response.text().length
    await response.until((r) => r.text().slice(already).includes(': ping\n'), 'a heartbeat')
  })

  test('the first-token clock of the new target counts', async () => {
    const on = await waiting({ STREAM_FIRST_TOKEN_TIMEOUT_MS: '200' })
    await expectTold(on.stand, await ask(on), 'upstream_reset')
    const { attemptLog } = await on.stand.record(0)
    expect(attemptLog[1]?.outcome).toMatch(/_timeout$/)
  })

  test('the total clock ends it', async () => {
    const on = await waiting({ STREAM_TOTAL_TIMEOUT_MS: '400' })
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toContain('"code":"upstream_total_timeout"')
  })
})

test('an array of Gemini’s stays one, and has no comment', async () => {
  const on = await startRecover([
    { target: 'gemini/model-a', does: [breaks('fin')] },
    { target: 'gemini/model-b', does: [answers()] },
  ])
  const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]
  const path = `/v1beta/models/${routeName}:streamGenerateContent`
  const response = await ask(on, jsonRequest(path, { contents }))
  expect(await response.ended()).toBe('complete')
  const chunks = JSON.parse(response.text()) as {
    readonly candidates: readonly { readonly content: { readonly parts: { text: string }[] } }[]
  }[]
  const said = chunks.map(({ candidates }) => candidates[0]?.content.parts[0]?.text ?? '')
  expect(said.join('')).toBe(wholeText)
  expect((await on.stand.record(0)).recovery).toBe('restart')
})

/** A route asked in several dialects, and what one whole answer looks like in each. */
import { expect } from 'bun:test'
import { jsonRequest } from '../kit/client.ts'
import type { DialectName } from '../kit/dialect-answers.ts'
import type { RawResponse } from '../kit/response.ts'
import { parseSse } from '../kit/sse.ts'
import type { TargetsStand } from './targets-stand.ts'

/** Something of the first vendor's own that must not reach the client. */
const foreign = /msg_dead|chatcmpl-dead|dead-model|"input_tokens":\s*99|"prompt_tokens":\s*99/

/** The dialects whose clients are tried. */
export type Client = Extract<DialectName, 'chat' | 'messages' | 'responses'>

/** Asks the route as a client of that dialect. */
export async function askAs(stand: TargetsStand, client: Client): Promise<RawResponse> {
  const messages = [{ role: 'user', content: 'Hi' }]
  const shared = { model: 'smart', stream: true }
  const request = {
    chat: jsonRequest('/v1/chat/completions', { ...shared, messages }),
    messages: jsonRequest('/v1/messages', { ...shared, max_tokens: 10, messages }),
    responses: jsonRequest('/v1/responses', { ...shared, input: 'Hi' }),
  }[client]
  const { response } = await stand.send(request)
  await response.ended()
  return response
}

/** Expects one whole answer of one server, `Hello there`, whoever gave it. */
export function expectCoherent(response: RawResponse, client: Client): void {
  expect([response.status, response.ending]).toEqual([200, 'complete'])
  expect(response.text()).not.toMatch(foreign)
  expect(response.text()).not.toContain('"error":{')
  const events = parseSse(response.body()).filter(({ kind }) => kind === 'event')
  const read = events
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => JSON.parse(data))
    .filter(({ type }) => type !== 'ping')
  const only = (values: readonly unknown[]): void => expect(new Set(values).size).toBe(1)
  if (client === 'chat') {
    const deltas = read.flatMap(({ choices }) =>
      choices.map((choice: { delta: object }) => choice.delta),
    )
    only(read.map(({ id }) => id))
    only(read.map(({ model }) => model))
    only(read.map(({ created }) => created))
    expect(deltas.filter(({ role }) => role === 'assistant').length).toBe(1)
    expect(deltas.map(({ content }) => content ?? '').join('')).toBe('Hello there')
    const finishes = read.flatMap(({ choices }) =>
      choices.map((c: { finish_reason: unknown }) => c.finish_reason),
    )
    expect(finishes.filter((finish) => finish !== null)).toEqual(['stop'])
    expect(response.text()).toEndWith('data: [DONE]\n\n')
    expect(response.text().split('[DONE]').length).toBe(2)
    return
  }
  const types: readonly string[] = read.map(({ type }) => type)
  if (client === 'messages') {
    const texts = read.map(({ delta }) => delta?.text ?? '')
    expect(texts.join('')).toBe('Hello there')
    const once = [
      'message_start',
      'content_block_start',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]
    for (const type of once)
      expect([type, types.filter((each) => each === type).length]).toEqual([type, 1])
    expect([types[0], types.at(-1)]).toEqual(['message_start', 'message_stop'])
    expect(read[0].message.role).toBe('assistant')
    return
  }
  const ended = read.at(-1)
  expect([types[0], types.at(-1)]).toEqual(['response.created', 'response.completed'])
  expect(types.filter((type) => type === 'response.created').length).toBe(1)
  only(read.flatMap(({ response }) => (response === undefined ? [] : [response.id])))
  expect(read.map(({ sequence_number }) => sequence_number)).toEqual(read.map((_, index) => index))
  expect(ended.response.output[0].content[0].text).toBe('Hello there')
}

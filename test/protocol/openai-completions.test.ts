/** Legacy completions differ from chat only inside a choice. */
import { describe, expect, test } from 'bun:test'
import { openaiCompletions } from '../../src/protocol/openai-completions.ts'
import type { Sighting } from '../../src/protocol/protocol.ts'

const choice = (fields: object): string =>
  JSON.stringify({ id: 'cmpl', object: 'text_completion', choices: [{ index: 0, ...fields }] })

const first: readonly (readonly [string, string, Sighting])[] = [
  ['text', choice({ text: 'Hi', finish_reason: null }), 'content'],
  ['a line feed', choice({ text: '\n' }), 'content'],
  ['text with its finish', choice({ text: 'Hi', finish_reason: 'length' }), 'content'],
  ['an empty finish', choice({ text: '', finish_reason: 'stop' }), 'content'],
  ['a chunk of chat (fill in the middle)', choice({ delta: { content: 'Hi' } }), 'content'],
  ['the language of Writer', '{"value":"Hi"}', 'content'],
  ['empty text', choice({ text: '', finish_reason: null }), 'head'],
  ['usage alone', '{"id":"c","choices":[],"usage":{"prompt_tokens":1}}', 'head'],
  ['an error', '{"error":{"message":"no"}}', 'error'],
  ['the end', '[DONE]', 'end'],
  ['no data', '', 'invalid'],
]

describe('the first event of a completion', () => {
  test.each(first)('%s', (_name, data, sighting) => {
    expect(openaiCompletions.watch().look(data)).toBe(sighting)
  })
})

test('prompts in a list answer under their own indices', () => {
  const watch = openaiCompletions.watch()
  watch.look(choice({ index: 0, text: 'a', finish_reason: 'stop' }))
  watch.look(choice({ index: 2047, text: 'b' }))
  expect([watch.finished, watch.missingEnd]).toEqual([false, null])
  watch.look(choice({ index: 2047, text: '', finish_reason: 'length' }))
  expect([watch.finished, watch.missingEnd]).toEqual([true, 'data: [DONE]\n\n'])
  expect(watch.finishReason).toBe('length')
})

test('the usage of an answer that is not streamed', () => {
  const { usage } = openaiCompletions.readAnswer({ choices: [], usage: { prompt_tokens: 3 } })
  expect(usage).toMatchObject({ inputTokens: 3, outputTokens: null })
})

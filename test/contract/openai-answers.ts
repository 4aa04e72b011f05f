/** The answer in the dialects of OpenAI. */
import { events, named, type StreamAnswer, said, tokens } from './stream-answer.ts'

/** The end marker of those who have one. */
export const done = 'data: [DONE]\n\n'
const counted = { prompt_tokens: tokens.input, completion_tokens: tokens.output, total_tokens: 8 }

function openai(object: string, choices: readonly object[]): StreamAnswer {
  const head = { id: 'answer-1', object, created: 1, model: 'answering-model' }
  return events(
    [
      ...choices.map((choice) => ({ ...head, choices: [{ index: 0, ...choice }] })),
      { ...head, choices: [], usage: counted },
    ],
    done,
  )
}

/** A chat completion. */
export const chat = (): StreamAnswer =>
  openai('chat.completion.chunk', [
    { delta: { role: 'assistant', content: '' }, finish_reason: null },
    ...said.map((content) => ({ delta: { content }, finish_reason: null })),
    { delta: {}, finish_reason: 'stop' },
  ])

/** A legacy completion. */
export const completion = (): StreamAnswer =>
  openai('text_completion', [
    ...said.map((text) => ({ text, finish_reason: null })),
    { text: '', finish_reason: 'stop' },
  ])

/** A response. */
export function response(): StreamAnswer {
  const content = [{ type: 'output_text', text: said.join(''), annotations: [] }]
  const item = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content }
  const head = { id: 'resp_1', object: 'response', created_at: 1, model: 'answering-model' }
  const usage = { input_tokens: tokens.input, output_tokens: tokens.output, total_tokens: 8 }
  const open = { ...head, status: 'in_progress', output: [] }
  const place = { output_index: 0, content_index: 0, item_id: 'msg_1' }
  return named(
    [
      { type: 'response.created', response: open },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
      {
        type: 'response.content_part.added',
        ...place,
        part: { type: 'output_text', text: '', annotations: [] },
      },
      ...said.map((delta) => ({ type: 'response.output_text.delta', ...place, delta })),
      { type: 'response.output_text.done', ...place, text: said.join('') },
      { type: 'response.content_part.done', ...place, part: content[0] },
      { type: 'response.output_item.done', output_index: 0, item },
      {
        type: 'response.completed',
        response: { ...head, status: 'completed', output: [item], usage },
      },
    ].map((event, index) => ({ ...event, sequence_number: index })),
  )
}

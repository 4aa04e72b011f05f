/** A chat completion that is answered in one piece. */

/** One choice with a text. */
export const choice = (index: number, content: string) => ({
  index,
  message: { role: 'assistant', content, refusal: null, annotations: [] },
  logprobs: null,
  finish_reason: 'stop',
})

/** The whole answer, with a field that no SDK knows yet. */
export const completion = (choices: object[]) => ({
  id: 'chatcmpl-7',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'gpt-4o-2024-08-06',
  choices,
  usage: { prompt_tokens: 9, completion_tokens: 6, total_tokens: 15 },
  'a field of tomorrow': { nested: [1, 2.5, null] },
})

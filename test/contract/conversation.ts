/** A request of an agent that has most of what can be said, in Anthropic's words. */

/** Two calls are answered, and the model is to go on. */
export const agentTurn = (model: string): object => ({
  model,
  stream: true,
  max_tokens: 512,
  temperature: 0.5,
  stop_sequences: ['THE END'],
  metadata: { user_id: 'user-1' },
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  tools: [
    {
      name: 'weather',
      description: 'The weather of a city.',
      input_schema: {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
      },
      cache_control: { type: 'ephemeral' },
    },
  ],
  tool_choice: { type: 'auto' },
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Where is it warmer?', cache_control: { type: 'ephemeral' } },
        {
          type: 'image',
          source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
        },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'I must look at both.', signature: 'c2lnbmF0dXJl' },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'toolu_01A', name: 'weather', input: { city: 'Bern' } },
        { type: 'tool_use', id: 'toolu_01B', name: 'weather', input: { city: 'Rome' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_01A', content: '12 degrees' },
        { type: 'tool_result', tool_use_id: 'toolu_01B', content: 'no answer', is_error: true },
      ],
    },
  ],
})

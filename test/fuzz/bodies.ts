/** Whole bodies that the fuzzer starts from: requests, answers, and errors of every dialect. */

const schema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] }
const image = 'data:image/png;base64,iVBORw0KGgo='

const chat = {
  ...{ model: 'm', stream: true, stream_options: { include_usage: true }, n: 2, seed: 7 },
  ...{ max_completion_tokens: 9, temperature: 0.5, top_p: 0.9, stop: ['x'], user: 'u' },
  ...{ logprobs: true, top_logprobs: 2, parallel_tool_calls: false, reasoning_effort: 'low' },
  ...{ service_tier: 'auto', store: false, metadata: { k: 'v' }, logit_bias: { 1: -1 } },
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'See', cache_control: { type: 'ephemeral' } },
        { type: 'image_url', image_url: { url: image, detail: 'low' } },
        { type: 'file', file: { file_data: 'data:application/pdf;base64,AA==', filename: 'a' } },
        { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'Hm',
      tool_calls: [
        { id: 'k', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'q', type: 'custom', custom: { name: 'g', input: 'z' } },
      ],
    },
    { role: 'tool', tool_call_id: 'k', content: 'one' },
    { role: 'tool', tool_call_id: 'q', content: [{ type: 'text', text: 'two' }] },
  ],
  tools: [
    { type: 'function', function: { name: 'f', parameters: schema, strict: true } },
    { type: 'custom', custom: { name: 'g', format: { type: 'text' } } },
  ],
  tool_choice: { type: 'function', function: { name: 'f' } },
  response_format: { type: 'json_schema', json_schema: { name: 's', schema } },
}

const responses = {
  ...{ model: 'm', stream: true, instructions: 'Be kind.', max_output_tokens: 9, store: false },
  ...{ reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'] },
  ...{ text: { format: { type: 'json_schema', name: 's', schema }, verbosity: 'low' } },
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'See' },
        { type: 'input_image', image_url: image, detail: 'auto' },
        { type: 'input_file', file_id: 'file-1' },
      ],
    },
    { type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'AA' },
    { type: 'function_call', call_id: 'k', name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id: 'k', output: 'one' },
    { type: 'custom_tool_call', call_id: 'q', name: 'g', input: 'z "\\' },
    { type: 'custom_tool_call_output', call_id: 'q', output: [{ type: 'input_text', text: 'o' }] },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
    { type: 'web_search_call', id: 'ws', status: 'completed' },
    { type: 'item_reference', id: 'x' },
  ],
  tools: [
    { type: 'function', name: 'f', parameters: schema },
    {
      ...{ type: 'custom', name: 'g', description: 'Patches.' },
      format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' },
    },
    { type: 'web_search' },
  ],
  tool_choice: { type: 'function', name: 'f' },
}

/** With tools that every provider has, so that it is not refused before they are written. */
const responsesFreeText = {
  ...{ model: 'm', stream: true },
  input: responses.input.filter(({ type }) => /^(custom|function)/.test(type ?? '')),
  tools: responses.tools.filter(({ type }) => type !== 'web_search'),
  tool_choice: { type: 'custom', name: 'g' },
}

const chatFreeText = {
  ...{ model: 'm', tools: chat.tools, tool_choice: { type: 'custom', custom: { name: 'g' } } },
  messages: chat.messages.slice(-3),
}

const anthropic = {
  ...{ model: 'm', max_tokens: 2000, stream: true, stop_sequences: ['x'], top_k: 3 },
  ...{ thinking: { type: 'enabled', budget_tokens: 1024 }, metadata: { user_id: 'u' } },
  system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
        { type: 'document', source: { type: 'url', url: 'https://a/b.pdf' }, title: 't' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
        { type: 'redacted_thinking', data: 'AA' },
        { type: 'tool_use', id: 'k', name: 'f', input: { a: 1 } },
        { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'k', is_error: true, content: [{ type: 'text' }] },
        { type: 'text', text: 'Go on.' },
      ],
    },
  ],
  tools: [
    { name: 'f', input_schema: schema },
    { type: 'web_search_20250305', name: 'web_search' },
  ],
  tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
}

const gemini = {
  systemInstruction: { parts: [{ text: 'Be kind.' }] },
  contents: [
    {
      role: 'user',
      parts: [
        { text: 'See' },
        { inline_data: { mime_type: 'image/png', data: 'AA==' } },
        { fileData: { fileUri: 'https://a/b.pdf', mimeType: 'application/pdf' } },
      ],
    },
    {
      role: 'model',
      parts: [
        { text: 'Hm', thought: true },
        { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'c2ln' },
        { executableCode: { language: 'PYTHON', code: '1' } },
      ],
    },
    { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'one' } } }] },
  ],
  tools: [
    { functionDeclarations: [{ name: 'f', parametersJsonSchema: schema }] },
    { googleSearch: {} },
  ],
  toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
  generationConfig: {
    ...{ maxOutputTokens: 9, stopSequences: ['x'], candidateCount: 1, topK: 3, seed: 7 },
    ...{ responseMimeType: 'application/json', responseSchema: { type: 'OBJECT' } },
    thinkingConfig: { thinkingBudget: 100, includeThoughts: true },
  },
  safetySettings: [{ category: 'c', threshold: 'BLOCK_NONE' }],
}

const completions = {
  ...{ model: 'm', prompt: ['Once', 'upon'], stream: true, max_tokens: 9, logprobs: 2, n: 2 },
  ...{ echo: false, suffix: 's', best_of: 2, stop: 'x' },
}

/** Requests by the name of their dialect. */
export const seedRequests: ReadonlyMap<string, readonly object[]> = new Map([
  [
    'openai-chat',
    [chat, chatFreeText, { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }],
  ],
  ['openai-completions', [completions, { model: 'm', prompt: 'Hi' }]],
  ['openai-responses', [responses, responsesFreeText, { model: 'm', input: 'Hi' }]],
  ['anthropic-messages', [anthropic]],
  ['gemini', [gemini]],
])

const toolCall = { id: 'k', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }
const counts = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
const chatMessage = { role: 'assistant', content: 'Hi', reasoning_content: 'Hm', refusal: null }

const claudeAnswer = {
  ...{ id: 'msg', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
  content: [
    { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
    { type: 'text', text: 'Hi', citations: [{ type: 'char_location', cited_text: 'c' }] },
    { type: 'tool_use', id: 'k', name: 'f', input: { a: 1 } },
    { type: 'tool_use', id: 'q', name: 'g', input: { input: 'z' } },
  ],
  usage: { input_tokens: 1, output_tokens: 2 },
}

/** Whole answers by the name of their dialect. */
export const seedResponses: ReadonlyMap<string, readonly object[]> = new Map([
  [
    'openai-chat',
    [
      {
        ...{ id: 'c', object: 'chat.completion', created: 1, model: 'm', usage: counts },
        choices: [
          {
            index: 0,
            message: { ...chatMessage, tool_calls: [toolCall], annotations: [{}] },
            finish_reason: 'tool_calls',
            logprobs: { content: [{ token: 'Hi', logprob: -1, top_logprobs: [] }] },
          },
        ],
      },
    ],
  ],
  [
    'openai-completions',
    [{ id: 'c', model: 'm', choices: [{ text: 'Hi', index: 0, finish_reason: 'stop' }] }],
  ],
  [
    'openai-responses',
    [
      {
        ...{ id: 'r', object: 'response', created_at: 1, model: 'm', status: 'completed' },
        output: [
          { type: 'reasoning', id: 'rs', summary: [{ type: 'summary_text', text: 'Hm' }] },
          { type: 'message', content: [{ type: 'output_text', text: 'Hi', annotations: [{}] }] },
          { type: 'function_call', call_id: 'k', name: 'f', arguments: '{}' },
          { type: 'custom_tool_call', call_id: 'q', name: 'g', input: 'z' },
          { type: 'image_generation_call', id: 'i', result: 'AA==' },
        ],
        usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
      },
    ],
  ],
  ['anthropic-messages', [claudeAnswer]],
  ['bedrock-invoke', [claudeAnswer]],
  [
    'gemini',
    [
      {
        candidates: [
          {
            content: { parts: [{ text: 'Hi' }, { functionCall: { name: 'f', args: {} } }] },
            ...{ finishReason: 'STOP', citationMetadata: { citations: [{ uri: 'u' }] } },
          },
        ],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2 },
      },
    ],
  ],
  [
    'bedrock-converse',
    [
      {
        output: {
          message: {
            role: 'assistant',
            content: [
              { reasoningContent: { reasoningText: { text: 'Hm', signature: 'c2ln' } } },
              { text: 'Hi' },
              { toolUse: { toolUseId: 'k', name: 'f', input: { a: 1 } } },
            ],
          },
        },
        stopReason: 'tool_use',
        usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
      },
    ],
  ],
  [
    'cohere-chat',
    [
      {
        ...{ id: 'co', finish_reason: 'COMPLETE', usage: { tokens: { input_tokens: 1 } } },
        message: { content: [{ type: 'text', text: 'Hi' }], tool_calls: [toolCall], citations: [] },
      },
    ],
  ],
  [
    'ollama-chat',
    [{ model: 'm', message: { content: 'Hi', thinking: 'Hm' }, done: true, eval_count: 2 }],
  ],
])

/** Bodies of errors; every dialect is given those of every other. */
export const seedErrors: readonly unknown[] = [
  { error: { message: 'No', type: 'invalid_request_error', param: 'p', code: 'c' } },
  { type: 'error', error: { type: 'rate_limit_error', message: 'No' }, request_id: 'r' },
  { error: { code: 400, message: 'No', status: 'INVALID_ARGUMENT', details: [{ reason: 'x' }] } },
  [{ error: { code: 503, message: 'No', status: 'UNAVAILABLE' } }],
  { message: 'No', __type: 'ThrottlingException' },
  { detail: [{ loc: ['body', 'x'], msg: 'No', type: 'missing' }] },
  { error: 'No' },
  { errors: [{ message: 'No', code: 'x' }], trace: 't' },
  'No',
  null,
]

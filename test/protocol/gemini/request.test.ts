/** Requests: what is read of Google's, what is written, and that one undoes the other. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  FunctionCallingConfigMode,
  type GenerateContentParameters,
  ThinkingLevel,
  Type,
} from '@google/genai'
import { isObject, type JsonObject } from '../../../src/core/json.ts'
import { readRequest } from '../../../src/protocol/gemini/request-read.ts'
import { writeRequest } from '../../../src/protocol/gemini/request-write.ts'
import { readSchema } from '../../../src/protocol/gemini/schema.ts'
import type { HubRequest } from '../../../src/protocol/hub/request.ts'
import { refusal, ScriptedGemini } from './stand.ts'

const path = { model: 'gemini-3-flash', stream: false }
const read = (body: JsonObject): HubRequest => readRequest(body, path)
const contents = [{ role: 'user', parts: [{ text: 'hi' }] }]

/** A request that uses whatever the SDK has. */
const everything: GenerateContentParameters = {
  model: 'gemini-3-flash',
  contents: [
    {
      role: 'user',
      parts: [
        { text: 'look' },
        { inlineData: { mimeType: 'image/png', data: 'aaaa' } },
        { inlineData: { mimeType: 'audio/mpeg', data: 'bbbb' } },
        { fileData: { fileUri: 'https://a.example/b.pdf', mimeType: 'application/pdf' } },
      ],
    },
    {
      role: 'model',
      parts: [
        { text: 'hm', thought: true, thoughtSignature: 'c2ln' },
        { functionCall: { name: 'f', args: { x: 1 } }, thoughtSignature: 'c2lnMg==' },
        { functionCall: { name: 'f', args: { x: 2 } } },
      ],
    },
    {
      role: 'user',
      parts: [
        { functionResponse: { name: 'f', response: { output: 'one' } } },
        { functionResponse: { name: 'f', response: { error: 'two' } } },
      ],
    },
  ],
  config: {
    systemInstruction: 'be kind',
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    maxOutputTokens: 100,
    stopSequences: ['END'],
    seed: 7,
    candidateCount: 2,
    presencePenalty: 0.1,
    frequencyPenalty: 0.2,
    responseLogprobs: true,
    logprobs: 3,
    responseMimeType: 'application/json',
    responseSchema: {
      type: Type.OBJECT,
      properties: { a: { type: Type.STRING, nullable: true } },
    },
    thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW },
    tools: [
      {
        functionDeclarations: [
          { name: 'f', description: 'F', parametersJsonSchema: { type: 'object' } },
          {
            name: 'g',
            parameters: {
              type: Type.OBJECT,
              properties: { n: { type: Type.INTEGER, minimum: 1 } },
            },
          },
        ],
      },
      { googleSearch: {} },
    ],
    toolConfig: {
      functionCallingConfig: {
        mode: FunctionCallingConfigMode.ANY,
        allowedFunctionNames: ['f'],
      },
    },
    safetySettings: [],
  },
}

/** The same in the hub's words. */
const everythingRead = {
  temperature: 0.5,
  topP: 0.9,
  topK: 40,
  outputTokensMax: 100,
  stop: ['END'],
  seed: 7,
  choices: 2,
  presencePenalty: 0.1,
  frequencyPenalty: 0.2,
  logprobs: true,
  topLogprobs: 3,
  responseFormat: {
    type: 'json-schema',
    schema: { type: 'object', properties: { a: { type: ['string', 'null'] } } },
  },
  reasoning: { enabled: null, effort: 'low', budgetTokens: null, summary: 'auto' },
  toolChoice: { type: 'tool', name: 'f' },
  tools: [
    { type: 'function', name: 'f', description: 'F', parameters: { type: 'object' } },
    {
      name: 'g',
      parameters: { type: 'object', properties: { n: { type: 'integer', minimum: 1 } } },
    },
    { type: 'native', native: { value: { googleSearch: {} } } },
  ],
}

describe('what the official SDK sends', () => {
  let server: ScriptedGemini
  beforeAll(() => {
    server = new ScriptedGemini()
    server.body = () => Response.json({ candidates: [] })
  })
  afterAll(() => server.stop())

  test('is understood, all of it', async () => {
    await server.client.models.generateContent(everything)
    const sent = server.requests.at(-1)
    if (!isObject(sent?.body)) throw new Error('nothing was sent')
    expect(sent.path).toMatch(/^\/v1(beta)?\/models\/gemini-3-flash:generateContent$/)
    const request = read(sent.body)
    expect(request).toMatchObject(everythingRead)
    expect(Object.keys(request.extra.fields)).toEqual(['safetySettings'])
    expect(request.messages.map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'tool',
    ])
    expect(request.messages[1]?.parts.map(({ type }) => type)).toEqual([
      'text',
      'image',
      'audio',
      'file',
    ])
    const [thought, first, second] = request.messages[2]?.parts ?? []
    expect(thought).toMatchObject({ type: 'reasoning', text: 'hm', signedBy: 'gemini' })
    expect(first).toMatchObject({ type: 'tool-call', arguments: '{"x":1}', signature: 'c2lnMg==' })
    const ids = [first, second].map((part) => (part?.type === 'tool-call' ? part.id : ''))
    expect([ids[0] === ids[1], ids.includes('')]).toEqual([false, false])
    // Answers without an id belong to the calls of their name, in order.
    expect(request.messages[3]?.parts).toMatchObject([
      { callId: ids[0], name: 'f', isError: false, content: [{ text: 'one' }] },
      { callId: ids[1], name: 'f', isError: true, content: [{ text: 'two' }] },
    ])
  })
})

describe('reading', () => {
  test('takes both spellings of a field', () => {
    const request = read({
      system_instruction: { parts: [{ text: 'be kind' }] },
      contents: [
        { role: 'model', parts: [{ function_call: { name: 'f', args: { snake_key: 1 } } }] },
        { role: 'user', parts: [{ function_response: { name: 'f', response: { a_b: 1 } } }] },
      ],
      generation_config: { max_output_tokens: 5, thinking_config: { thinking_budget: 0 } },
      safety_settings: [],
    })
    expect(request.outputTokensMax).toBe(5)
    expect(request.reasoning).toEqual({
      enabled: false,
      effort: null,
      budgetTokens: null,
      summary: null,
    })
    expect(request.messages[1]?.parts[0]).toMatchObject({ arguments: '{"snake_key":1}' })
    expect(request.messages[2]?.parts[0]).toMatchObject({ content: [{ text: '{"a_b":1}' }] })
    expect(request.extra.fields).toEqual({ safetySettings: [] })
  })

  test('joins the turn of a client that keeps every chunk of a stream', () => {
    const { messages } = read({
      contents: [
        ...contents,
        { role: 'model', parts: [{ text: 'think', thought: true }] },
        { role: 'model', parts: [{ text: 'ing', thought: true, thoughtSignature: 'c2ln' }] },
        { role: 'model', parts: [{ text: 'I' }] },
        { role: 'model', parts: [{ text: ' see' }] },
      ],
    })
    expect(messages[1]?.parts).toMatchObject([
      { type: 'reasoning', text: 'thinking', signature: 'c2ln' },
      { type: 'text', text: 'I see' },
    ])
  })

  test('keeps what it does not know under its path', () => {
    const fields = {
      cachedContent: 'cachedContents/x',
      'generationConfig.speechConfig': { languageCode: 'de' },
      'generationConfig.responseModalities': ['AUDIO'],
      'toolConfig.retrievalConfig': { languageCode: 'de' },
      'toolConfig.functionCallingConfig.mode': 'VALIDATED',
    }
    const body = {
      contents,
      cachedContent: 'cachedContents/x',
      generationConfig: { speechConfig: { languageCode: 'de' }, responseModalities: ['AUDIO'] },
      toolConfig: {
        retrievalConfig: { languageCode: 'de' },
        functionCallingConfig: { mode: 'VALIDATED' },
      },
    }
    const request = read(body)
    expect(request.extra.fields).toEqual(fields)
    expect(writeRequest(request)).toEqual(body)
    // Another part of the body is not changed on the way.
    expect(body.toolConfig.functionCallingConfig).toEqual({ mode: 'VALIDATED' })
  })

  test.each([
    [{}, 'contents'],
    [{ contents: 7 }, 'contents'],
    [{ contents: ['x'] }, 'contents[0]'],
    [{ contents: [{ role: 'robot', parts: [] }] }, 'contents[0].role'],
    [{ contents: [{ parts: 'x' }] }, 'contents[0].parts'],
    [{ contents: [{ parts: [{ text: 7 }] }] }, 'contents[0].parts[0].text'],
    [{ contents: [{ parts: [{ functionCall: {} }] }] }, 'contents[0].parts[0].functionCall.name'],
    [{ contents, generationConfig: 7 }, 'generationConfig'],
    [{ contents, generationConfig: { topP: 'x' } }, 'generationConfig.topP'],
    [{ contents, generationConfig: { stopSequences: 'x' } }, 'generationConfig.stopSequences'],
    [{ contents, tools: 'x' }, 'tools'],
    [
      { contents, tools: [{ functionDeclarations: [{}] }] },
      'tools[0].functionDeclarations[0].name',
    ],
    [
      { contents, toolConfig: { functionCallingConfig: { mode: 'X' } } },
      'toolConfig.functionCallingConfig.mode',
    ],
  ])('names what is wrong: %j', (body, param) => {
    expect(refusal(() => read(body))).toEqual({ code: 'invalid_request', param })
  })

  test('wants a model', () => {
    const nowhere = { model: null, stream: null }
    expect(refusal(() => readRequest({ contents }, nowhere))?.code).toBe('missing_model')
    expect(readRequest({ contents, model: 'models/m' }, nowhere).model).toBe('m')
  })

  test('makes JSON Schema of the OpenAPI subset, and leaves JSON Schema alone', () => {
    expect(
      readSchema({
        type: 'ARRAY',
        items: { type: 'STRING', enum: ['A'], nullable: true, example: 'A' },
        minItems: '2',
        propertyOrdering: ['x'],
      }),
    ).toEqual({
      type: 'array',
      items: { type: ['string', 'null'], enum: ['A'], examples: ['A'] },
      minItems: 2,
    })
    const schema = { $ref: '#/$defs/a', $defs: { a: { type: ['string', 'null'] } } }
    expect(readSchema(schema)).toEqual(schema)
    // A property may be called like a keyword.
    const named = {
      type: 'object',
      properties: { nullable: { type: 'string' }, type: { type: 'string' } },
    }
    expect(readSchema(named)).toEqual(named)
  })
})

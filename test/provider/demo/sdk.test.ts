import { afterAll, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { mountDemo } from '../stand.ts'

const server = mountDemo()
const client = new OpenAI({ baseURL: server.url, apiKey: 'unused', maxRetries: 0 })
const messages = [{ role: 'user' as const, content: 'Where does the water go?' }]

afterAll(async () => {
  expect(server.pending()).toBe(0)
  await server.stop()
})

const weather = {
  name: 'weather',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'integer' },
      unit: { enum: ['celsius', 'kelvin'] },
    },
  },
}
const weatherArguments = { city: 'river', days: 7, unit: 'celsius' }

describe('chat completions through the SDK', () => {
  test('a stream is the same text as the whole answer, with usage when asked', async () => {
    const model = 'stream?tokens=40'
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    const finishes: unknown[] = []
    const usages: unknown[] = []
    let pieces = 0
    for await (const chunk of stream) {
      expect(chunk.object).toBe('chat.completion.chunk')
      expect(chunk.model).toBe('stream')
      text += chunk.choices[0]?.delta.content ?? ''
      if (chunk.choices[0]?.delta.content) pieces++
      if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason)
      if (chunk.usage) usages.push(chunk.usage)
    }
    expect(pieces).toBe(40)
    expect(finishes).toEqual(['stop'])

    const whole = await client.chat.completions.create({ model, messages })
    expect(whole.choices[0]?.message.content).toBe(text)
    expect(whole.choices[0]?.finish_reason).toBe('stop')
    expect(whole.usage?.completion_tokens).toBe(40)
    expect(usages).toEqual([whole.usage])
    expect(text).toMatch(/^\p{Lu}\p{L}*,? \p{Ll}/u)
  })

  test('without include_usage no chunk has usage', async () => {
    const stream = await client.chat.completions.create({ model: 'demo', messages, stream: true })
    for await (const chunk of stream) expect(chunk.usage).toBeUndefined()
  })

  test.each(['max_tokens', 'max_completion_tokens'])('%s limits it', async (field) => {
    const request = { model: 'stream?tokens=40', messages, [field]: 5 }
    const whole = await client.chat.completions.create({ ...request, stream: false })
    expect(whole.choices[0]?.finish_reason).toBe('length')
    expect(whole.usage?.completion_tokens).toBe(5)
    const streamed = await client.chat.completions.stream(request).finalChatCompletion()
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content ?? 'none')
    expect(streamed.choices[0]?.finish_reason).toBe('length')
  })

  test('a demanded tool is called, its arguments streamed in pieces', async () => {
    const request = {
      model: 'stream',
      messages,
      tools: [{ type: 'function' as const, function: weather }],
      tool_choice: 'required' as const,
    }
    const runner = client.chat.completions.stream(request)
    const streamed = (await runner.finalChatCompletion()).choices[0]
    const whole = (await client.chat.completions.create(request)).choices[0]
    for (const choice of [streamed, whole]) {
      const call = choice?.message.tool_calls?.[0]
      expect(choice?.finish_reason).toBe('tool_calls')
      expect(call?.id).toMatch(/^call_[0-9a-f]{24}$/)
      if (call?.type !== 'function') throw new Error('No function was called.')
      expect(call.function.name).toBe('weather')
      expect(JSON.parse(call.function.arguments)).toEqual(weatherArguments)
    }
  })

  test('the in-band error reaches the SDK as an error, after the tokens before it', async () => {
    const model = 'stream?tokens=40&fail=error@7'
    const stream = await client.chat.completions.create({ model, messages, stream: true })
    let pieces = 0
    const read = async (): Promise<void> => {
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) pieces++
    }
    await expect(read()).rejects.toThrow('asked to fail here')
    expect(pieces).toBe(7)
  })

  test('a status becomes the SDK`s error class', async () => {
    const request = { model: 'stream?status=429', messages }
    const thrown = await client.chat.completions.create(request).catch((error) => error)
    expect(thrown).toBeInstanceOf(OpenAI.RateLimitError)
    expect(thrown.headers.get('retry-after')).toBe('1')
  })
})

describe('legacy completions through the SDK', () => {
  test('stream and whole agree', async () => {
    const request = { model: 'stream?tokens=30', prompt: 'Upstream of the lock' }
    const whole = await client.completions.create(request)
    const stream = await client.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage: unknown
    for await (const chunk of stream) {
      text += chunk.choices[0]?.text ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(whole.choices[0]?.text ?? 'none')
    expect(text.length).toBeGreaterThan(30)
    expect(usage).toEqual(whole.usage)
    const limited = await client.completions.create({ ...request, max_tokens: 3 })
    expect(limited.choices[0]?.finish_reason).toBe('length')
  })
})

describe('responses through the SDK', () => {
  const tools = [{ type: 'function' as const, strict: false, ...weather }]

  test('the SDK accumulates the stream to what the whole answer is', async () => {
    const request = { model: 'stream?tokens=30', input: 'Where does the water go?' }
    const numbers: number[] = []
    const runner = client.responses.stream(request)
    runner.on('event', (event) => numbers.push(event.sequence_number))
    const streamed = await runner.finalResponse()
    const whole = await client.responses.create(request)
    expect(streamed.status).toBe('completed')
    expect(streamed.output_text).toBe(whole.output_text)
    expect(streamed.usage).toEqual(whole.usage)
    expect(whole.usage?.output_tokens).toBe(30)
    expect(numbers).toEqual(numbers.map((_, index) => index))
    expect(numbers.length).toBe(30 + 8)
  })

  test('the events come in the order of the real one', async () => {
    const stream = await client.responses.create({
      model: 'stream?tokens=2',
      input: 'x',
      stream: true,
    })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
  })

  test('max_output_tokens ends it incomplete', async () => {
    const request = { model: 'stream?tokens=30', input: 'x', max_output_tokens: 4 }
    const streamed = await client.responses.stream(request).finalResponse()
    for (const response of [streamed, await client.responses.create(request)]) {
      expect(response.status).toBe('incomplete')
      expect(response.incomplete_details).toEqual({ reason: 'max_output_tokens' })
      expect(response.usage?.output_tokens).toBe(4)
    }
  })

  test('a demanded tool is called', async () => {
    const request = {
      model: 'stream',
      input: 'x',
      tools,
      tool_choice: { type: 'function' as const, name: 'weather' },
    }
    const streamed = await client.responses.stream(request).finalResponse()
    for (const response of [streamed, await client.responses.create(request)]) {
      const item = response.output[0]
      if (item?.type !== 'function_call') throw new Error('No function was called.')
      expect(item.name).toBe('weather')
      expect(item.status).toBe('completed')
      expect(JSON.parse(item.arguments)).toEqual(weatherArguments)
    }
  })

  test('an in-band error is the nested event and then response.failed', async () => {
    const request = { model: 'stream?fail=error@2', input: 'x', stream: true }
    const response = await fetch(`${server.url}/responses`, {
      method: 'POST',
      body: JSON.stringify(request),
    })
    const events = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)))
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(events.at(-2)).toMatchObject({ type: 'error', error: { code: 'server_error' } })
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'server_error' } },
    })
  })
})

describe('embeddings and models through the SDK', () => {
  test('vectors have unit length, are fixed by their text, and the same in base64', async () => {
    const request = { model: 'embedding', input: ['river', 'weir', 'river'] }
    const packed = await client.embeddings.create(request)
    const floats = await client.embeddings.create({ ...request, encoding_format: 'float' })
    const vectors = packed.data.map(({ embedding }) => embedding)
    expect(vectors).toEqual(floats.data.map(({ embedding }) => embedding))
    expect(vectors.map((vector) => vector.length)).toEqual([1536, 1536, 1536])
    expect(vectors[0]).toEqual(vectors[2] ?? [])
    expect(vectors[0]).not.toEqual(vectors[1] ?? [])
    for (const vector of vectors) {
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    }
    expect(packed.usage).toEqual({ prompt_tokens: 5, total_tokens: 5 })
  })

  test('dimensions are as asked, token numbers are a text too', async () => {
    const { data } = await client.embeddings.create({
      model: 'embedding',
      input: [[1, 2, 3]],
      dimensions: 64,
    })
    expect(data.map(({ embedding }) => embedding.length)).toEqual([64])
  })

  test('models are listed and found', async () => {
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    expect(ids).toEqual(['stream', 'embedding'])
    expect((await client.models.retrieve('stream')).owned_by).toBe('demo')
    const thrown = await client.models.retrieve('unheard').catch((error) => error)
    expect(thrown).toBeInstanceOf(OpenAI.NotFoundError)
  })
})

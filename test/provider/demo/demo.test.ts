import { afterEach, describe, expect, setSystemTime, test } from 'bun:test'
import { ask, chat } from '../stand.ts'

const streamChat = (model: string): object => chat(model, { stream: true })

/** The `data:` of every event. */
const dataOf = (body: string): string[] =>
  body
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.slice(event.indexOf('data: ') + 6))

/** The texts of a chat stream's content deltas. */
const contentOf = (data: readonly string[]): string[] =>
  data
    .filter((each) => each.startsWith('{"id"'))
    .map((each) => JSON.parse(each).choices[0]?.delta.content)
    .filter((content) => content !== undefined && content !== '')

/** Reads to the end, or to the error. */
async function readAll(response: Response): Promise<{ text: string; error: unknown }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const piece of response.body ?? []) text += decoder.decode(piece, { stream: true })
    return { text, error: null }
  } catch (error) {
    return { text, error }
  }
}

describe('determinism', () => {
  const input = { model: 'x', input: 'river' }

  afterEach(() => {
    setSystemTime()
  })

  test.each([
    ['/chat/completions', streamChat('stream?tokens=50')],
    ['/chat/completions', chat('stream?tokens=50')],
    ['/completions', { model: 'stream', prompt: 'x', stream: true }],
    ['/responses', { ...input, stream: true }],
    ['/responses', input],
    ['/embeddings', input],
  ] as const)('%s gives the same bytes for the same request', async (path, body) => {
    const once = await (await ask(path, body)).text()
    setSystemTime(new Date('2031-05-05T05:05:05Z'))
    expect(once.length).toBeGreaterThan(100)
    expect(await (await ask(path, body)).text()).toBe(once)
  })

  test('another prompt, and another seed, give another text', async () => {
    const text = async (body: object): Promise<string> =>
      (await (await ask('/chat/completions', body)).json()).choices[0].message.content
    const other = [{ role: 'user', content: 'And the sea?' }]
    const plain = await text(chat('stream'))
    expect(await text(chat('stream', { messages: other }))).not.toBe(plain)
    expect(await text(chat('stream?seed=1'))).not.toBe(await text(chat('stream?seed=2')))
    expect(await text(chat('stream?seed=1', { messages: other }))).toBe(
      await text(chat('stream?seed=1')),
    )
    expect(await text(chat('stream', { seed: 1 }))).toBe(await text(chat('stream?seed=1')))
  })
})

describe('faults in the middle', () => {
  test('reset breaks the body like a real connection', async () => {
    const { text, error } = await readAll(
      await ask('/chat/completions', streamChat('stream?tokens=30&fail=reset@20')),
    )
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect(contentOf(dataOf(text))).toHaveLength(20)
    expect(text).not.toContain('[DONE]')
  })

  test('truncate ends cleanly without a finish reason', async () => {
    const { text, error } = await readAll(
      await ask('/chat/completions', streamChat('stream?tokens=30&fail=truncate@20')),
    )
    expect(error).toBeNull()
    expect(contentOf(dataOf(text))).toHaveLength(20)
    expect(text).not.toMatch(/\[DONE\]|"finish_reason":"/)
  })

  test('invalid is one event that is not JSON, and all the others', async () => {
    const { text } = await readAll(
      await ask('/chat/completions', streamChat('stream?tokens=30&fail=invalid@3')),
    )
    const data = dataOf(text)
    expect(data[4]).toBe('{"oops')
    expect(contentOf(data)).toHaveLength(30)
    expect(data.at(-1)).toBe('[DONE]')
  })

  test('at 0 nothing comes before the fault', async () => {
    for (const kind of ['reset', 'truncate']) {
      const { text } = await readAll(
        await ask('/chat/completions', streamChat(`stream?fail=${kind}@0`)),
      )
      expect(text).toBe('')
    }
    const failed = await readAll(await ask('/chat/completions', streamChat('stream?fail=error@0')))
    expect(dataOf(failed.text)).toHaveLength(1)
    expect(failed.text).toStartWith('data: {"error":{')
  })

  test('after the last token there is still no finish', async () => {
    const { text, error } = await readAll(
      await ask('/chat/completions', streamChat('stream?tokens=5&fail=reset@100')),
    )
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect(contentOf(dataOf(text))).toHaveLength(5)
    expect(text).not.toContain('"finish_reason":"')
  })

  test('stall is silent until the caller gives up', async () => {
    const caller = new AbortController()
    const response = await ask(
      '/chat/completions',
      streamChat('stream?fail=stall@2'),
      caller.signal,
    )
    const reader = (response.body ?? new Blob([]).stream()).getReader()
    for (let event = 0; event < 3; event++) expect((await reader.read()).done).toBe(false)
    const silent = reader.read()
    expect(await Promise.race([silent, Bun.sleep(60).then(() => 'silent')])).toBe('silent')
    caller.abort(new Error('The caller left.'))
    await expect(silent).rejects.toThrow('The caller left.')
  })

  test('a whole answer breaks in its middle', async () => {
    const good = await (await ask('/chat/completions', chat('stream'))).text()
    for (const [kind, code] of [
      ['reset', 'ECONNRESET'],
      ['truncate', null],
    ]) {
      const response = await ask('/chat/completions', chat(`stream?fail=${kind}@1`))
      const { text, error } = await readAll(response)
      expect((error as { code?: string } | null)?.code ?? null).toBe(code ?? null)
      expect(text.length).toBe(Math.floor(good.length / 2))
    }
    const failed = await ask('/chat/completions', chat('stream?fail=error@1'))
    expect([failed.status, (await failed.json()).error.type]).toEqual([500, 'server_error'])
  })
})

describe('faults in place of an answer', () => {
  const faulty = (query: string): Promise<Response> =>
    ask('/chat/completions', streamChat(`stream?${query}`))

  test('statuses, with the retry-after they have', async () => {
    const table: readonly [string, number, string | null, string][] = [
      ['status=429', 429, '1', 'rate_limit_error'],
      ['fail=status=429&retryAfter=7', 429, '7', 'rate_limit_error'],
      ['status=500', 500, null, 'server_error'],
      ['status=503', 503, '1', 'server_error'],
      ['status=529', 529, null, 'server_error'],
      ['status=401', 401, null, 'invalid_request_error'],
    ]
    for (const [query, status, retryAfter, type] of table) {
      const response = await faulty(query)
      expect([query, response.status]).toEqual([query, status])
      expect(response.headers.get('retry-after')).toBe(retryAfter)
      expect((await response.json()).error.type).toBe(type)
    }
  })

  test('a redirect, a page, an error in a 200, nothing at all', async () => {
    const redirect = await faulty('status=302')
    expect(redirect.headers.get('location')).toStartWith('https://')
    const page = await faulty('fail=html&status=502')
    expect(page.status).toBe(502)
    expect(page.headers.get('content-type')).toContain('text/html')
    const hidden = await faulty('fail=error-body')
    expect(hidden.status).toBe(200)
    expect((await hidden.json()).error.message).toBeString()
    const empty = await faulty('fail=empty')
    expect([empty.status, await empty.text()]).toEqual([200, ''])
  })

  test('no-end has the finish reason and no marker', async () => {
    const text = await (await faulty('fail=no-end')).text()
    expect(text).toContain('"finish_reason":"stop"')
    expect(text).not.toContain('[DONE]')
  })
})

describe('bad requests', () => {
  const input = { model: 'x', input: 'x' }
  const table: readonly [string, object, string | null, string][] = [
    ['/chat/completions', { model: 'x' }, 'messages', 'missing_required_parameter'],
    ['/chat/completions', chat('x', { messages: 'x' }), 'messages', 'invalid_type'],
    ['/chat/completions', { messages: [] }, 'model', 'missing_model'],
    ['/chat/completions', [], null, 'invalid_json'],
    ['/chat/completions', chat('x', { n: 2 }), 'n', 'unsupported_value'],
    ['/chat/completions', chat('x', { stream: 'yes' }), 'stream', 'invalid_type'],
    ['/chat/completions', chat('x', { max_tokens: 0 }), 'max_tokens', 'integer_below_min_value'],
    ['/chat/completions', chat('x', { max_tokens: '5' }), 'max_tokens', 'invalid_type'],
    ['/chat/completions', chat('x', { tool_choice: 'required' }), 'tool_choice', 'invalid_value'],
    ['/chat/completions', chat('x?tokens=200000'), 'model', 'unsupported_value'],
    ['/completions', { model: 'x' }, 'prompt', 'missing_required_parameter'],
    ['/completions', { model: 'x', prompt: ['a', 'b'] }, 'prompt', 'unsupported_value'],
    ['/responses', { model: 'x' }, 'input', 'missing_required_parameter'],
    ['/responses', { ...input, background: true }, 'background', 'unsupported_value'],
    [
      '/responses',
      { ...input, previous_response_id: 'resp_1' },
      'previous_response_id',
      'previous_response_not_found',
    ],
    ['/embeddings', { model: 'x' }, 'input', 'invalid_value'],
    ['/embeddings', { ...input, dimensions: 0 }, 'dimensions', 'invalid_value'],
    ['/embeddings', { ...input, dimensions: 99_999 }, 'dimensions', 'invalid_value'],
    ['/embeddings', { ...input, encoding_format: 'hex' }, 'encoding_format', 'invalid_value'],
    ['/embeddings', { ...input, input: [{}] }, 'input', 'invalid_value'],
  ]
  test.each(table)('%s %j: %s %s', async (path, body, param, code) => {
    const response = await ask(path, body)
    expect(response.status).toBe(400)
    expect((await response.json()).error).toMatchObject({ param, code })
  })

  test('other paths and methods answer in JSON', async () => {
    const unknown = await ask('/files', null)
    expect([unknown.status, (await unknown.json()).error.code]).toEqual([404, 'unknown_url'])
    const wrong = await ask('/chat/completions', null)
    expect([wrong.status, (await wrong.json()).error.code]).toEqual([405, 'method_not_allowed'])
    expect((await ask('/__proto__', null)).status).toBe(404)
    expect((await ask('/models', {})).status).toBe(405)
  })
})

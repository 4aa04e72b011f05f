import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { boundaryOf, MultipartInspector } from '../../src/intake/multipart.ts'
import { Edge, sha256 } from './edge.ts'

const type = { 'content-type': 'multipart/form-data; boundary=XyZ' }

/** A part with its delimiter. */
const part = (disposition: string, content: string): string =>
  `--XyZ\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`

const model = part('name="model"', 'whisper-1')
const end = '--XyZ--\r\n'

/** What the inspector says, or the code it threw. */
function inspect(chunks: readonly string[], boundary = 'XyZ'): unknown {
  const inspector = new MultipartInspector(boundary)
  try {
    for (const chunk of chunks) {
      const bytes = new TextEncoder().encode(chunk)
      inspector.feed(bytes)
      // Whoever gave the bytes may free or reuse them.
      bytes.fill(0)
    }
    inspector.finish()
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    return thrown.code
  }
  const { start, end: stop } = inspector.span ?? { start: 0, end: 0 }
  const text = Buffer.from(chunks.join('')).subarray(start, stop).toString()
  return { model: inspector.model, stream: inspector.stream, text }
}

describe('finds', () => {
  const found = { model: 'whisper-1', stream: false, text: 'whisper-1' }
  test.each([
    ['first', model + part('name="a"', 'b') + end],
    [
      'last',
      part('name="file"; filename="model"', 'model\r\n--Xy\r\n\r\nname="model"') + model + end,
    ],
    ['behind a preamble', `ignored\r\n${model}${end}`],
    ['before an epilogue', `${model}${end}name="model"\r\n--XyZ\r\n`],
    ['with other headers', model.replace('content', 'X-A: b\r\nCONTENT') + end],
    ['with an unquoted name', part('name=model', 'whisper-1') + end],
    ['with a quoted pair', part('name="mo\\del"', 'whisper-1') + end],
    ['after a part without headers', `--XyZ\r\n\r\nmodel\r\n${model}${end}`],
    ['after an empty part', part('name="prompt"', '') + model + end],
    ['after a space behind the delimiter', model.replace('XyZ\r', 'XyZ \t\r') + end],
  ])('the model %s, wherever the chunks are cut', (_name, text) => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(inspect([text.slice(0, cut), text.slice(cut)])).toEqual(found)
    }
    expect(inspect(text.split(''))).toEqual(found)
  })

  test('the stream field', () => {
    const stream = (value: string) => inspect([part('name="stream"', value) + model + end])
    expect(stream('true')).toMatchObject({ stream: true })
    expect(stream('True')).toMatchObject({ stream: true })
    expect(stream('false')).toMatchObject({ stream: false })
  })

  test('no model where there is none', () => {
    expect(inspect([part('name="models"', 'a') + end])).toMatchObject({ model: null })
    expect(inspect([part('name="file"; filename="model"', 'a') + end])).toMatchObject({
      model: null,
    })
    expect(inspect([part('name="model"', '') + end])).toMatchObject({ model: null })
    expect(inspect([end])).toMatchObject({ model: null })
  })

  test('a name that is not ASCII', () => {
    expect(inspect([part('name="model"', 'é😀') + end])).toMatchObject({
      model: 'é😀',
      text: 'é😀',
    })
  })
})

describe('refuses', () => {
  test.each([
    ['two models', model + model + end, 'duplicate_key'],
    ['no end', model, 'invalid_request'],
    ['no parts at all', 'hello', 'invalid_request'],
    ['single line feeds', (model + end).replaceAll('\r\n', '\n'), 'invalid_request'],
    ['text behind a delimiter', model.replace('XyZ\r', 'XyZW\r') + end, 'invalid_request'],
    ['endless headers', `--XyZ\r\n${'a: b\r\n'.repeat(9000)}`, 'invalid_request'],
    ['an endless line', `--XyZ${' '.repeat(20_000)}`, 'invalid_request'],
    ['two names', part('name="a"; name="model"', 'x') + end, 'invalid_request'],
    [
      'two dispositions',
      model.replace('\r\n\r\n', '\r\ncontent-disposition: a\r\n\r\n') + end,
      'invalid_request',
    ],
    ['a model that is a file', part('name="model"; filename="x"', 'm') + end, 'invalid_request'],
    ['a long model', part('name="model"', 'm'.repeat(257)) + end, 'invalid_request'],
    ['an endless model', part('name="model"', 'm'.repeat(90_000)) + end, 'invalid_request'],
    ['a model over two lines', part('name="model"', 'm\r\nn') + end, 'invalid_request'],
  ])('%s', (_name, text, code) => {
    expect(inspect([text])).toBe(code)
    expect(inspect(text.slice(0, 30_000).split('').concat(text.slice(30_000)))).toBe(code)
  })

  test('a model that is not UTF-8', () => {
    const inspector = new MultipartInspector('XyZ')
    const body = Buffer.from(model + end)
    body[body.indexOf('whisper')] = 0xff
    expect(() => inspector.feed(body)).toThrow(
      expect.objectContaining({ code: 'invalid_encoding' }),
    )
  })

  test('a disposition made to be slow, quickly', () => {
    const startedAtMs = performance.now()
    inspect([part(`${'; a="\\'.repeat(3000)}`, 'x') + end])
    inspect([part(`;${' '.repeat(15_000)}`, 'x') + end])
    inspect([part(`a${'='.repeat(15_000)}`, 'x') + end])
    expect(performance.now() - startedAtMs).toBeLessThan(1500)
  })
})

test('the boundary', () => {
  expect(boundaryOf('multipart/form-data; boundary=abc')).toBe('abc')
  expect(boundaryOf('multipart/form-data; charset=x; Boundary="a b;c"')).toBe('a b;c')
  for (const wrong of ['', '; boundary=', '; boundary="a "', `; boundary=${'a'.repeat(71)}`]) {
    expect(() => boundaryOf(`multipart/form-data${wrong}`)).toThrow(GatewayError)
  }
})

describe('a form', () => {
  // More than the runtime reads from a socket at once: what is behind it comes later.
  const large = 2_000_000
  let edge: Edge
  beforeEach(() => {
    edge = new Edge({ requestBytesMax: 5_000_000, spoolBytesMax: 5_000_000 })
  })
  afterEach(() => edge.close())

  const file = (bytes: number) => part('name="file"; filename="a.wav"', 'w'.repeat(bytes))
  const post = (body: string, query = '') => edge.post(`other${query}`, { body, headers: type })

  /** Sends `body` without announcing its length. */
  function postChunked(body: string) {
    const pieces = [body.slice(0, 60_000), body.slice(60_000, 130_000), body.slice(130_000)]
    const parts = new ReadableStream({
      pull(controller) {
        const piece = pieces.shift()
        if (piece === undefined) controller.close()
        else controller.enqueue(Buffer.from(piece))
      },
    })
    return edge.post('other', { body: parts, headers: type })
  }

  test.each([
    ['small', file(1000) + model + end, 'memory'],
    ['large, with the model in front', model + file(large) + end, 'straight'],
    ['large, with the model behind', file(large) + model + end, 'spool'],
    ['large, without a model', file(large) + end, 'spool'],
  ])('%s', async (_name, body, kept) => {
    for (const send of [post, postChunked]) {
      const { outcome } = await send(body)
      const name = body.includes(model) ? 'whisper-1' : null
      expect(outcome).toMatchObject({ model: name, kept, sha256: sha256(body) })
    }
  })

  test('goes straight through where the provider is chosen', async () => {
    const body = file(large) + model + end
    const { outcome } = await post(body, '?provider=p')
    expect(outcome).toMatchObject({ kept: 'straight', sha256: sha256(body) })
  })

  test.each([
    ['memory', 1000, 'front'],
    ['memory', 1000, 'back'],
    ['straight', large, 'front'],
    ['spool', large, 'back'],
  ])('gets another model: %s, %d bytes, at the %s', async (kept, bytes, place) => {
    const body = place === 'front' ? model + file(bytes) + end : file(bytes) + model + end
    const { outcome } = await post(body, '?rename=p/%C3%BCber')
    expect(outcome).toMatchObject({ model: 'whisper-1', kept })
    const expected = body.replace('whisper-1', 'p/über')
    expect(outcome.sha256).toBe(sha256(expected))
  })

  test('the runtime sends is understood', async () => {
    const body = new FormData()
    body.set('file', new Blob([new Uint8Array(large)]), 'a.wav')
    body.set('model', 'whisper-1')
    body.set('stream', 'true')
    const { outcome } = await edge.post('other', { body })
    expect(outcome).toMatchObject({ model: 'whisper-1', stream: true, kept: 'spool' })
  })

  test('with a second model behind what was sent is not completed', async () => {
    const { status, outcome } = await post(model + file(large) + model + end)
    expect({ status, outcome }).toMatchObject({ status: 400, outcome: { code: 'duplicate_key' } })
  })

  test('without a boundary is refused', async () => {
    const headers = { 'content-type': 'multipart/form-data' }
    const { status } = await edge.post('other', { body: model + end, headers })
    expect(status).toBe(400)
  })
})

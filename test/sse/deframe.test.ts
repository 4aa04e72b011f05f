/** Frames that come in pieces, and what is wrong behind frames that are good. */
import { describe, expect, test } from 'bun:test'
import { EventStreamCodec, Int64, type MessageHeaders } from '@smithy/eventstream-codec'
import { GatewayError } from '../../src/core/errors.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import type { Frame, Framing } from '../../src/sse/frame.ts'
import { awsMessage } from '../protocol/bedrock-converse/aws-frames.ts'

/** The frames of a body cut into pieces of `size` bytes, and the code of what ended them. */
function deframed(framing: Framing, body: Uint8Array, size: number) {
  const deframer = createDeframer(framing, 1 << 16)
  const frames: Frame[] = []
  try {
    for (let at = 0; at < body.length; at += size) {
      frames.push(...deframer.push(body.slice(at, at + size)))
    }
    frames.push(...deframer.end())
    return { frames, code: null }
  } catch (thrown) {
    return { frames, code: thrown instanceof GatewayError ? thrown.code : thrown }
  }
}

const sizes = [1, 2, 3, 7, 19, 10_000]

describe('events that are not quite events', () => {
  const event = 'data: {"a":1}\n\n'
  const cases = [
    ['a bare object', '{\n  "error": {\n    "code": 429\n  }\n}\n', { code: 429 }],
    ['a bare object with CRLF', '{\r\n"error": {"code": 429}\r\n}', { code: 429 }],
  ] as const

  test.each(cases)('%s is one frame however it is cut', (_name, bare, error) => {
    for (const size of sizes) {
      const { frames } = deframed('sse', new TextEncoder().encode(event + bare), size)
      expect(frames).toHaveLength(2)
      expect(JSON.parse(frames[1]?.data ?? '')).toEqual({ error })
    }
  })

  test('an error field is a frame however it is cut', () => {
    for (const size of sizes) {
      const body = new TextEncoder().encode(`${event}error: {"code":500}\n\n`)
      const { frames } = deframed('sse', body, size)
      expect(frames.at(-1)).toEqual({ event: 'error', data: '{"code":500}' })
    }
  })
})

describe('messages of AWS', () => {
  const messages = [1, 2, 3].map((turn) => awsMessage('event', 'contentBlockDelta', { turn }))
  const body = new Uint8Array(Buffer.concat(messages))

  test('may be cut anywhere', () => {
    const whole = deframed('aws-event-stream', body, body.length)
    expect(whole.frames.map(({ data }) => data)).toEqual(['{"turn":1}', '{"turn":2}', '{"turn":3}'])
    for (const size of sizes) expect(deframed('aws-event-stream', body, size)).toEqual(whole)
    expect(deframed('aws-event-stream', body.slice(0, -1), 7).code).toBe('upstream_truncated')
  })

  test('may have headers of every type', () => {
    const codec = new EventStreamCodec(
      (bytes) => new TextDecoder().decode(bytes as Uint8Array),
      (text) => new TextEncoder().encode(text),
    )
    const headers: MessageHeaders = {
      ':message-type': { type: 'string', value: 'event' },
      ...{ yes: { type: 'boolean', value: true }, no: { type: 'boolean', value: false } },
      ...{ byte: { type: 'byte', value: 7 }, short: { type: 'short', value: -2 } },
      ...{ int: { type: 'integer', value: 70_000 } },
      long: { type: 'long', value: Int64.fromNumber(7e12) },
      bytes: { type: 'binary', value: new Uint8Array([1, 2, 3]) },
      time: { type: 'timestamp', value: new Date(7e11) },
      id: { type: 'uuid', value: '01234567-89ab-cdef-0123-456789abcdef' },
      ':event-type': { type: 'string', value: 'Grüße' },
    }
    const message = codec.encode({ headers, body: new TextEncoder().encode('{}') })
    const mixed = new Uint8Array(Buffer.concat([message, message, body, message]))
    for (const size of sizes) {
      const { frames, code } = deframed('aws-event-stream', mixed, size)
      expect(code).toBeNull()
      const delta = 'contentBlockDelta'
      const names = ['Grüße', 'Grüße', delta, delta, delta, 'Grüße']
      expect(frames.map(({ event }) => event)).toEqual(names)
    }
  })

  test('are errors with their words', () => {
    const failed = new Uint8Array([
      ...awsMessage('exception', 'throttlingException', { message: 'Slow' }),
      ...awsMessage('error', 'InternalError', 'It broke'),
    ])
    expect(deframed('aws-event-stream', failed, 50).frames).toEqual([
      { event: 'exception:throttlingException', data: '{"message":"Slow"}' },
      { event: 'exception:InternalError', data: '{"message":"It broke"}' },
    ])
  })

  test('with any byte changed are refused, or wait for more', () => {
    const [message = new Uint8Array()] = messages
    for (let at = 0; at < message.length; at += 1) {
      const changed = message.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x10
      const { frames, code } = deframed('aws-event-stream', changed, 1000)
      expect(frames).toEqual([])
      expect(code === 'upstream_protocol_error' || code === 'upstream_truncated').toBe(true)
    }
  })

  test('are read up to the one that is broken, however they are cut', () => {
    const broken = body.slice()
    // A byte of the last payload: its checksum is wrong.
    broken[body.length - 6] = 0
    for (const size of sizes) {
      const { frames, code } = deframed('aws-event-stream', broken, size)
      expect(frames).toHaveLength(2)
      expect(code).toBe('upstream_protocol_error')
    }
  })
})

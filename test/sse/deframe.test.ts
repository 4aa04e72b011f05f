/** Frames that come in pieces, and what is wrong behind frames that are good. */
import { describe, expect, test } from 'bun:test'
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

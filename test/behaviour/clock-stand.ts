/** What the tests of the clocks share: scripts that are late, and what a client reads then. */
import { expect } from 'bun:test'
import { eventText } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, type Stand } from './client-stand.ts'
import { stream } from './provider-stand.ts'

/** How late a clock may be here: the machine is shared. */
export const lateMsMax = 1500

/** Heartbeats that come before any of the clocks. */
export const heartbeats = { STREAM_HEARTBEAT_INTERVAL_MS: '40' } as const

/** Sends the head and these events, then `rest`. */
export function sends(data: readonly string[], rest: UpstreamScript): UpstreamScript {
  return async (request, connection) => {
    await connection.head(200, stream)
    for (const item of data) await connection.chunk(eventText(item))
    await rest(request, connection)
  }
}

/** Sends `piece` every few milliseconds, without end. */
export function repeats(piece: string, gapMs: number): UpstreamScript {
  return async (_request, connection) => {
    for (;;) {
      await connection.chunk(piece)
      await Bun.sleep(gapMs)
    }
  }
}

/** Asks for a chat, and does not wait for it. */
export async function askChat(
  stand: Stand,
  headers: Readonly<Record<string, string>> = {},
  wantsStream = true,
): Promise<RawResponse> {
  const body = { ...chatRequest, stream: wantsStream }
  const { response } = await stand.ask(jsonRequest('/v1/chat/completions', body, headers))
  return response
}

/** Expects a 504 with this code, and a closed provider connection. */
export async function expectLate(stand: Stand, response: RawResponse, code: string): Promise<void> {
  expect(await response.ended()).toBe('complete')
  const { error } = JSON.parse(response.text())
  expect([response.status, error.code, error.type]).toEqual([504, code, 'timeout_error'])
  expect(response.header('x-request-id')).toMatch(/^req_/)
  await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
}

/** Expects a stream that ends with this error, without an end marker. */
export async function expectLateEvent(
  stand: Stand,
  response: RawResponse,
  code: string,
): Promise<void> {
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(200)
  const last = parseSse(response.body()).at(-1)
  expect(JSON.parse(last?.data ?? '').error).toMatchObject({ code, type: 'timeout_error' })
  expect(response.text()).not.toContain('[DONE]')
  await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
}

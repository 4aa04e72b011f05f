/**
 * What the tests of clients that go share: each phase of a request that they can go in, and what
 * must follow: the provider's connection closes within 100 ms.
 */
import { expect } from 'bun:test'
import { chatEvents, eventText } from '../kit/answers.ts'
import { jsonRequest, type RawClient } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { type Asking, chatRequest, type Stand, startStand } from './client-stand.ts'

const triesPerCase = 3
/** The promise is 100 ms. The median must keep it; a single try may meet a busy machine. */
const medianMsMax = 100
/** See above. */
export const singleMsMax = 400

const events = chatEvents(['Hello', ' there'])
const [role = '', firstToken = ''] = events

/** Sends the head of a stream and some of its events, and then waits for the end. */
function sends(...data: readonly string[]): UpstreamScript {
  return async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    for (const item of data) await connection.chunk(eventText(item))
    await connection.closed
  }
}

const floods: UpstreamScript = async (_request, connection) => {
  await connection.head(200, { 'content-type': 'text/event-stream' })
  const block = eventText(firstToken).repeat(300)
  for (;;) await connection.chunk(block)
}

/** A provider that takes the request and says nothing. */
export const waits: UpstreamScript = async (_request, connection) => {
  await connection.closed
}

/** One phase: what the provider does, and what has happened when the client goes. */
export interface Phase {
  readonly script: UpstreamScript
  readonly environment?: Readonly<Record<string, string>>
  start(stand: Stand, index: number): Promise<Asking>
}

const asks = (stand: Stand): Promise<Asking> =>
  stand.ask(jsonRequest('/v1/chat/completions', chatRequest))

/** All phases in which the provider has been reached. */
export const phases: Readonly<Record<string, Phase>> = {
  'while the body is sent on as it comes': {
    script: waits,
    environment: { STREAM_REPLAY_MEMORY_BYTES: '64k' },
    async start(stand, index) {
      const client = await stand.connect()
      const form =
        '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n' +
        '--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
      await client.send(
        'POST /v1/audio/transcriptions HTTP/1.1\r\nhost: localhost\r\n' +
          `content-type: multipart/form-data; boundary=b\r\ncontent-length: 4000000\r\n\r\n${form}`,
      )
      await client.send(new Uint8Array(1_000_000))
      const request = await stand.upstream.request(index)
      await stand.upstream.until(() => request.bodyBytes > 900_000, 'most of what was sent')
      return { client, response: client.expect('POST') }
    },
  },
  'before the headers': {
    script: waits,
    async start(stand, index) {
      const asking = await asks(stand)
      await stand.upstream.request(index)
      return asking
    },
  },
  'before the headers, without a stream': {
    script: waits,
    async start(stand, index) {
      const body = { ...chatRequest, stream: false }
      const asking = await stand.ask(jsonRequest('/v1/chat/completions', body))
      await stand.upstream.request(index)
      return asking
    },
  },
  'before the first token': {
    script: sends(role),
    async start(stand, index) {
      const asking = await asks(stand)
      const connection = await stand.upstream.connection(index)
      await eventually(() => connection.bytesWritten > eventText(role).length, 'the role')
      return asking
    },
  },
  'after a heartbeat opened the response, before the headers': {
    script: waits,
    environment: { STREAM_HEARTBEAT_INTERVAL_MS: '40' },
    start: asksUntilBytes,
  },
  'after a heartbeat opened the response, before the first token': {
    script: sends(role),
    environment: { STREAM_HEARTBEAT_INTERVAL_MS: '40' },
    start: asksUntilBytes,
  },
  'in the middle of the stream': { script: sends(role, firstToken), start: asksUntilBytes },
  'while what came is gathered': {
    script: sends(role, firstToken),
    environment: { STREAM_FLUSH_INTERVAL_MS: '5s' },
    start: asksUntilBytes,
  },
  'in the middle of a download': {
    script: async (_request, connection) => {
      await connection.head(200, { 'content-type': 'audio/mpeg', 'content-length': '100000' })
      await connection.raw(new Uint8Array(1000).fill(7))
      await connection.closed
    },
    async start(stand) {
      const body = { model: 'tts-1', input: 'Hello', voice: 'alloy' }
      const asking = await stand.ask(jsonRequest('/v1/audio/speech', body))
      await asking.response.until((response) => response.bodyBytes > 0, 'the first bytes')
      return asking
    },
  },
  'while it does not read': {
    script: floods,
    async start(stand, index) {
      const asking = await asks(stand)
      await asking.response.head()
      asking.client.pause()
      const connection = await stand.upstream.connection(index)
      await eventually(() => connection.blockedForMs > 50, 'back-pressure')
      return asking
    },
  },
  'after the last event': {
    script: sends(...events, '[DONE]'),
    async start(stand) {
      const asking = await asks(stand)
      await asking.response.until((r) => r.text().includes('[DONE]'), 'the end marker')
      return asking
    },
  },
}

async function asksUntilBytes(stand: Stand): Promise<Asking> {
  const asking = await asks(stand)
  await asking.response.until((response) => response.bodyBytes > 0, 'the first bytes')
  return asking
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** A client that goes, again and again: the provider is let go each time, and nothing is left. */
export async function expectLetGo(phase: Phase, leave: (client: RawClient) => void): Promise<void> {
  const stand = await startStand(phase.script, phase.environment)
  const tookMs: number[] = []
  for (let index = 0; index < triesPerCase; index++) {
    const { client } = await phase.start(stand, index)
    const connection = await stand.upstream.connection(index)
    expect(connection.isClosed).toBe(false)
    const leftAtMs = performance.now()
    leave(client)
    tookMs.push((await connection.closed) - leftAtMs)
    const { endReason, errorCode } = await stand.record(index)
    expect([endReason, errorCode]).toEqual(['client_gone', 'client_gone'])
  }
  // Nobody was asked a second time on behalf of somebody who is gone.
  expect([stand.upstream.openConnections, stand.upstream.requestCount]).toEqual([0, triesPerCase])
  expect(median(tookMs)).toBeLessThan(medianMsMax)
  expect(Math.max(...tookMs)).toBeLessThan(singleMsMax)
}

/** A client that goes while its JSON body is read: nobody has heard of it. */
export async function expectNobodyAsked(leave: (client: RawClient) => void): Promise<void> {
  const stand = await startStand(waits)
  const client = await stand.connect()
  const head = 'host: localhost\r\ncontent-type: application/json\r\ncontent-length: 500000'
  await client.send(
    `POST /v1/chat/completions HTTP/1.1\r\n${head}\r\n\r\n{"model":"gpt-test","x":"`,
  )
  await client.send('y'.repeat(200_000))
  await eventually(() => stand.app.leftovers().requests === 1, 'the request')
  const leftAtMs = performance.now()
  leave(client)
  const { endReason, endedAtMs } = await stand.record(0)
  expect(endReason).toBe('client_gone')
  expect(endedAtMs - leftAtMs).toBeLessThan(singleMsMax)
  expect(stand.upstream.connectionCount).toBe(0)
}

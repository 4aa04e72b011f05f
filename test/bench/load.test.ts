/** The client and the provider of the benches count and send what they should. */
import { afterEach, describe, expect, test } from 'bun:test'
import { BenchClient, requestBytes, sendMany } from '../../bench/load/client.ts'
import { makeStream } from '../../bench/load/streams.ts'
import {
  type BenchUpstream,
  jsonAnswer,
  startBenchUpstream,
  streamAnswer,
} from '../../bench/load/upstream.ts'

const fixture = makeStream({
  seed: 3,
  bodyBytes: 3_000_000,
  textBytes: [16, 8192],
  pieceBytes: [512, 64 * 1024],
})
const answers = new Map([
  ['/stream', streamAnswer(fixture.pieces)],
  ['/json', jsonAnswer('{"text":"größer"}')],
])

let upstream: BenchUpstream
let client: BenchClient
afterEach(() => {
  client.close()
  upstream.stop()
})

async function connect(): Promise<void> {
  upstream = startBenchUpstream(answers)
  client = await BenchClient.connect(upstream.url)
}

describe('the client of the benches', () => {
  test('counts the bytes of a body without its framing', async () => {
    await connect()
    for (let turn = 0; turn < 3; turn += 1) {
      const arrival = await client.send(requestBytes('/stream', {}))
      expect(arrival.bodyBytes).toBe(fixture.body.length)
      expect(arrival.firstByteMs).toBeGreaterThan(0)
      expect(arrival.totalMs).toBeGreaterThanOrEqual(arrival.firstByteMs)
    }
    const arrival = await client.send(requestBytes('/json', {}))
    expect(arrival.bodyBytes).toBe(Buffer.byteLength('{"text":"größer"}'))
    expect(upstream.answered).toBe(4)
  })

  test('waits where it is told to', async () => {
    await connect()
    const arrival = await client.send(requestBytes('/stream', {}), { pauseMs: 150 })
    expect(arrival.bodyBytes).toBe(fixture.body.length)
    expect(arrival.totalMs - arrival.firstByteMs).toBeGreaterThan(140)
  })

  test('sends as many requests as were asked for', async () => {
    await connect()
    const arrivals = await sendMany([client], requestBytes('/json', { long: 'x'.repeat(9000) }), 20)
    expect(arrivals.length).toBe(20)
    expect(upstream.answered).toBe(20)
  })

  test('takes nothing but a 200 for an answer', async () => {
    await connect()
    await expect(client.send(requestBytes('/nothing', {}))).rejects.toThrow('404')
  })

  test('fails where the connection closes within an answer', async () => {
    await connect()
    const arrival = client.send(requestBytes('/stream', {}), { pauseMs: 50 })
    upstream.stop()
    await expect(arrival).rejects.toThrow('closed')
  })
})

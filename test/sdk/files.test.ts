/** Files and audio with the official SDK: bytes up, bytes down, the same as straight. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { randomBlocks } from '../identity/random.ts'
import { json, replay } from '../kit/answers.ts'
import { eventsOf, Pair } from './pair.ts'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
}, 60_000)
afterEach(() => pair.nothingLeft())
afterAll(() => pair.stop())

const file = (id: string) => ({
  id,
  object: 'file',
  bytes: 3,
  created_at: 1_700_000_000,
  filename: 'käse.jsonl',
  purpose: 'batch',
  status: 'processed',
})

/** Some bytes that are no text. */
const noise = (lengthBytes: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.concat([...randomBlocks(lengthBytes, `noise ${lengthBytes}`)]))

const binary = (bytes: Uint8Array, contentType: string): void =>
  pair.answer(replay(bytes, [1, 7000, 7001], { headers: { 'content-type': contentType } }))

describe('files', () => {
  test.each([300, 3_000_000])('of %d bytes are uploaded the same', async (size) => {
    pair.answer(json(200, file('file-7')))
    const content = new File([noise(size)], 'käse "1".jsonl', { type: 'application/jsonl' })
    const made = await pair.same((client) =>
      client.files.create({ file: content, purpose: 'batch' }),
    )
    expect(made.id).toBe('file-7')
    expect(pair.upstream.requests.at(-1)?.bodyBytes).toBeGreaterThan(size)
  })

  test('are read back the same', async () => {
    const bytes = noise(2_000_000)
    binary(bytes, 'application/octet-stream')
    const read = await pair.same(async (client) => {
      const response = await client.files.content('file-7')
      const type = response.headers.get('content-type')
      return { type, bytes: new Uint8Array(await response.arrayBuffer()) }
    })
    expect(read).toEqual({ type: 'application/octet-stream', bytes })
  })

  test('are listed, fetched and deleted the same', async () => {
    pair.answer(json(200, { object: 'list', data: [file('file-7')], has_more: false }))
    expect(await pair.same((client) => eventsOf(client.files.list()))).toHaveLength(1)
    pair.answer(json(200, file('file-7')))
    await pair.same((client) => client.files.retrieve('file-7'))
    pair.answer(json(200, { id: 'file-7', object: 'file', deleted: true }))
    await pair.same((client) => client.files.delete('file-7'))
  })
})

describe('audio', () => {
  test.each([2000, 3_000_000])(
    'of %d bytes is transcribed the same, before its model',
    async (size) => {
      pair.answer(json(200, { text: 'Grüße aus Zürich' }))
      const audio = new File([noise(size)], 'speech.mp3', { type: 'audio/mpeg' })
      const answer = await pair.same((client, named) =>
        client.audio.transcriptions.create({
          file: audio,
          model: named('whisper-1'),
          language: 'de',
        }),
      )
      expect(answer.text).toBe('Grüße aus Zürich')
    },
  )

  test('is transcribed to the same plain text', async () => {
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    pair.answer(
      replay(new TextEncoder().encode('1\n00:00 --> 00:01\nGrüße\n'), 'whole', { headers }),
    )
    const audio = new File([noise(2000)], 'speech.mp3', { type: 'audio/mpeg' })
    const answer = await pair.same((client, named) =>
      client.audio.transcriptions.create({
        model: named('whisper-1'),
        file: audio,
        response_format: 'srt',
      }),
    )
    expect(answer).toContain('Grüße')
  })

  test('is transcribed in the same stream', async () => {
    const events = [
      { type: 'transcript.text.delta', delta: 'Grüße' },
      { type: 'transcript.text.done', text: 'Grüße', usage: { type: 'duration', seconds: 1 } },
    ]
    const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
    pair.answerStream(new TextEncoder().encode(text), 'bytes')
    const audio = new File([noise(2000)], 'speech.mp3', { type: 'audio/mpeg' })
    const heard = await pair.same(async (client, named) => {
      const model = named('gpt-4o-transcribe')
      return eventsOf(
        await client.audio.transcriptions.create({ file: audio, model, stream: true }),
      )
    })
    expect(heard.map((event) => event.type)).toEqual(events.map((event) => event.type) as never)
  })

  test('is spoken the same, as it comes', async () => {
    const bytes = noise(400_000)
    binary(bytes, 'audio/mpeg')
    const heard = await pair.same(async (client, named) => {
      const response = await client.audio.speech.create({
        model: named('tts-1'),
        voice: 'alloy',
        input: 'Grüße',
      })
      const pieces = await Array.fromAsync(response.body ?? [])
      return { type: response.headers.get('content-type'), bytes: Buffer.concat(pieces) }
    })
    expect(heard.type).toBe('audio/mpeg')
    expect(heard.bytes.equals(bytes)).toBe(true)
  })
})

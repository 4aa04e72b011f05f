/** A provider in a bad mood: each request draws a fault, or none, from its own seed. */
import { chatEvents, eventText } from '../../kit/answers.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../../kit/upstream.ts'
import type { UpstreamConnection } from '../../kit/upstream-connection.ts'
import type { Random } from '../random.ts'

/** One way to answer. */
type Mood = (connection: UpstreamConnection, random: Random, wantsStream: boolean) => Promise<void>

const stream = { 'content-type': 'text/event-stream' }

/** The text that every whole answer has, so that a recovery by verification can succeed. */
export const tokens: readonly string[] = Array.from({ length: 24 }, (_, index) => `token ${index} `)

const events = chatEvents(tokens)

const whole = {
  id: 'chatcmpl-soak',
  object: 'chat.completion',
  created: 1,
  model: 'soak',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: tokens.join('') },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 3, completion_tokens: tokens.length, total_tokens: 3 + tokens.length },
}

const error = (code: string): object => ({
  error: { message: 'The soak refuses.', type: 'server_error', param: null, code },
})

const refuse =
  (status: number, headers: Readonly<Record<string, string>> = {}): Mood =>
  async (connection) => {
    const body = JSON.stringify(error('soak'))
    const length = { 'content-length': String(body.length) }
    await connection.head(status, { 'content-type': 'application/json', ...length, ...headers })
    await connection.raw(body)
  }

/** Sends `count` events of the answer, at the pace of a model. */
async function begin(connection: UpstreamConnection, random: Random, count: number): Promise<void> {
  await connection.head(200, stream)
  for (const event of events.slice(0, count)) {
    await connection.chunk(eventText(event))
    if (random.chance(0.3)) await Bun.sleep(random.between(1, 15))
  }
}

const answer: Mood = async (connection, random, wantsStream) => {
  if (!wantsStream) {
    const body = JSON.stringify(whole)
    const length = { 'content-length': String(body.length) }
    await connection.head(200, { 'content-type': 'application/json', ...length })
    await connection.raw(body)
    return
  }
  await begin(connection, random, events.length)
  await connection.chunk(eventText('[DONE]'))
  await connection.end()
}

/** Begins, and then does something else. Without a stream there is only half an answer to begin. */
const thenDo =
  (end: (connection: UpstreamConnection) => Promise<void> | void): Mood =>
  async (connection, random, wantsStream) => {
    if (wantsStream) {
      await begin(connection, random, random.between(0, events.length - 3))
      await end(connection)
      return
    }
    const body = JSON.stringify(whole)
    const length = { 'content-length': String(body.length) }
    await connection.head(200, { 'content-type': 'application/json', ...length })
    await connection.raw(body.slice(0, random.between(1, body.length - 1)))
    if (random.chance(0.5)) connection.reset()
    else connection.close()
  }

/** How often which mood is drawn. */
const moods: readonly (readonly [weight: number, mood: Mood])[] = [
  [50, answer],
  [3, refuse(500)],
  [3, refuse(503)],
  [2, refuse(429, { 'retry-after-ms': '20' })],
  [2, refuse(429, { 'retry-after': '60' })],
  [2, refuse(400)],
  [4, thenDo((connection) => connection.reset())],
  [3, thenDo((connection) => connection.close())],
  [3, thenDo((connection) => connection.end())],
  [3, thenDo((connection) => connection.chunk(eventText(JSON.stringify(error('mid')))))],
  [2, thenDo((connection) => connection.chunk('data: {oops\n\n'))],
  [2, thenDo((connection) => connection.raw('ZZZ\r\n'))],
  [3, thenDo(async (connection) => void (await connection.closed))],
  [2, async (connection) => void (await connection.closed)],
  [2, async (connection) => connection.close()],
  [2, async (connection) => connection.reset()],
  [
    2,
    async (connection) => {
      await connection.head(200, stream)
      await connection.end()
    },
  ],
  [2, async (connection) => connection.raw('HTTQ nonsense\r\n\r\n').then(() => connection.close())],
  [
    2,
    async (connection) => {
      await connection.raw(
        'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<a>\n',
      )
    },
  ],
  [
    3,
    async (connection, random, wantsStream) => {
      await Bun.sleep(random.between(50, 400))
      await answer(connection, random, wantsStream)
    },
  ],
]

const weights = moods.reduce((sum, [weight]) => sum + weight, 0)

function moodOf(random: Random): Mood {
  let at = random.between(1, weights)
  for (const [weight, mood] of moods) {
    at -= weight
    if (at <= 0) return mood
  }
  return answer
}

/** Starts one; it keeps no log, because a soak is long. */
export function startMoodyProvider(random: Random): Upstream {
  const script: UpstreamScript = async (request, connection) => {
    const body = await request.bytes()
    const wantsStream = Buffer.from(body).includes('"stream":true')
    await moodOf(random)(connection, random, wantsStream)
  }
  return startUpstream(script, { keepLog: false })
}

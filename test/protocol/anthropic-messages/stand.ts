/** What the tests of this dialect share: recordings as answers, and the SDK over a real socket. */
import Anthropic from '@anthropic-ai/sdk'
import { anthropicMessages } from '../../../src/protocol/anthropic-messages.ts'
import { emptyRequest as requestTo } from '../../../src/protocol/hub/empty-request.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import type { HubRequest } from '../../../src/protocol/hub/request.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import type { Frame } from '../../../src/sse/frame.ts'
import { type Fixture, listFixtures, readFixture } from '../../kit/fixtures.ts'
import { AnswerServer, contextOf, eventsOf, type Recording, sse } from '../answer-server.ts'

/** Both halves of the dialect. */
export const translation = translationOf(anthropicMessages)

/** A request of this dialect with nothing in it; spread it and say what matters. */
export const emptyRequest: HubRequest = {
  ...requestTo('claude-sonnet-4-5', 'anthropic-messages'),
  outputTokensMax: 1_000,
}

/** What a writer is told of the request. */
export const context = contextOf('claude-asked-for', emptyRequest)

/** The hub events of a stream's frames, end included. */
export function decode(frames: readonly Frame[]): readonly HubEvent[] {
  return eventsOf(translation.reader(), frames)
}

/** Hub events as this dialect's stream, written one by one. */
export function encode(events: readonly HubEvent[]): string {
  const writer = translation.writer(context)
  return events.map((event) => writer.write([event])).join('')
}

/** Every recorded answer of Anthropic. */
export function recordings(): readonly Recording[] {
  const streams = listFixtures({ provider: 'anthropic' }).filter(
    ({ format }) => format === 'raw-sse' || format === 'json-lines',
  )
  return streams.flatMap((fixture) =>
    answersOf(fixture).map((text, index) => ({ name: `${fixture.file} #${index}`, text })),
  )
}

function answersOf(fixture: Fixture): readonly string[] {
  const text = new TextDecoder().decode(readFixture(fixture))
  if (fixture.format === 'raw-sse') return [text]
  const events = text.split('\n').filter(Boolean)
  const answers: string[] = []
  let answer = ''
  for (const event of events) {
    answer += sse(JSON.parse(event))
    if (!event.includes('"message_stop"')) continue
    answers.push(answer)
    answer = ''
  }
  return answer === '' ? answers : [...answers, answer]
}

/** A server, and the SDK in front of it. */
export class Stand extends AnswerServer {
  readonly client = new Anthropic({
    ...{ baseURL: this.origin, apiKey: 'any', maxRetries: 0, timeout: 10_000 },
  })

  /** The message that the SDK puts together from a stream; what it raises is thrown. */
  message(text: string): Promise<Anthropic.Message> {
    this.streams(text)
    return this.client.messages.stream(params).finalMessage()
  }
}

/** A request for the SDK to make. */
export const params: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'Hi' }],
}

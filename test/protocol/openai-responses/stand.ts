/** What the tests of this dialect share: recordings as answers, and the SDKs over a real socket. */
import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import OpenAI from 'openai'
import type { JsonObject } from '../../../src/core/json.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import type { HubRequest } from '../../../src/protocol/hub/request.ts'
import { openaiResponses } from '../../../src/protocol/openai-responses.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import type { Frame } from '../../../src/sse/frame.ts'
import { type Fixture, listFixtures, readFixture } from '../../kit/fixtures.ts'
import {
  AnswerServer,
  contextOf,
  eventsOf,
  framesOf,
  type Recording,
  sse,
} from '../answer-server.ts'

/** Both halves of the dialect. */
export const translation = translationOf(openaiResponses)

/** Nothing in a path says anything here. */
export const noPath = { model: null, stream: null }

/** A request of this dialect with nothing in it; spread it and say what matters. */
export const emptyRequest: HubRequest = translation.readRequest({ model: 'm', input: [] }, noPath)

/** What a writer is told of the request. */
export const context = contextOf('asked-for', emptyRequest)

/** The hub events of a stream's frames, end included. */
export function decode(frames: readonly Frame[]): readonly HubEvent[] {
  return eventsOf(translation.reader(), frames)
}

/** The hub events of a stream of these events. */
export function decodeEvents(...events: readonly JsonObject[]): HubEvent[] {
  return [...decode(framesOf(events.map(sse).join('')))]
}

/** Hub events as this dialect's stream, written one by one. */
export function encode(events: readonly HubEvent[], request = emptyRequest): string {
  const writer = translation.writer({ ...context, request })
  return events.map((event) => writer.write([event])).join('')
}

/** The data of a stream's events, without `[DONE]`. */
export function dataOf(text: string): readonly Data[] {
  const frames = framesOf(text).filter(({ data }) => !data.startsWith('[DONE]'))
  return frames.map(({ data }) => JSON.parse(data))
}

/** An event as tests look at it. */
export interface Data {
  readonly type: string
  readonly sequence_number: number
  readonly output_index?: number
  readonly item_id?: string
  readonly item?: { readonly [key: string]: unknown }
  readonly response?: { readonly [key: string]: unknown }
  readonly [key: string]: unknown
}

/** Every recorded answer of a provider that speaks this dialect. */
export function recordings(): readonly Recording[] {
  const isStream = ({ format }: Fixture) => format === 'raw-sse' || format === 'json-lines'
  return listFixtures({})
    .filter(isStream)
    .flatMap((fixture) => {
      const text = new TextDecoder().decode(readFixture(fixture))
      if (!text.slice(0, 1_000).includes('response.created')) return []
      const answers = fixture.format === 'raw-sse' ? [text] : answersOf(text)
      return answers.map((answer, index) => ({ name: `${fixture.file} #${index}`, text: answer }))
    })
}

function answersOf(lines: string): readonly string[] {
  const answers: string[] = []
  for (const line of lines.split('\n').filter(Boolean)) {
    const event = JSON.parse(line)
    const text = sse(event)
    if (event.type === 'response.created') answers.push(text)
    else answers.push((answers.pop() ?? '') + text)
  }
  return answers
}

/** A server, and the SDKs in front of it. */
export class Stand extends AnswerServer {
  readonly client = new OpenAI({
    ...{ baseURL: this.baseUrl, apiKey: 'any', maxRetries: 0, timeout: 10_000 },
  })

  /**
   * The response that the SDK puts together from a stream, event by event; what it raises is
   * thrown. It checks the life of every item on the way.
   */
  response(text: string): Promise<OpenAI.Responses.Response> {
    this.streams(text)
    return this.client.responses.stream({ model: 'm', input: 'Hi' }).finalResponse()
  }

  /** What the `ai` package reads in a stream. */
  async vercel(text: string) {
    this.streams(text)
    const provider = createOpenAI({ baseURL: this.baseUrl, apiKey: 'any' })
    const errors: unknown[] = []
    const model = provider.responses('gpt-5')
    const options = { openai: { store: false } }
    const result = streamText({
      model,
      prompt: 'Hi',
      maxRetries: 0,
      providerOptions: options,
      onError: ({ error }) => {
        errors.push(error)
      },
    })
    await result.consumeStream()
    if (errors.length > 0) return { errors, text: '', reasoning: '', calls: [], finish: 'error' }
    const calls = (await result.toolCalls).map(({ toolCallId, toolName, input }) => ({
      // Calls that wait for an approval get a random id there.
      id: toolName.startsWith('mcp.') ? '' : toolCallId,
      toolName,
      input,
    }))
    const [said, reasoning] = [await result.text, await result.reasoningText]
    const finish = await result.finishReason
    const usage = await result.usage
    return { errors, text: said, reasoning: reasoning ?? '', calls, finish, usage }
  }
}

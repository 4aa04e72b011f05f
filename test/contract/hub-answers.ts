/** Generated answers of the hub, and what they come to. */
import fc from 'fast-check'
import { collect } from '../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { Losses } from '../../src/protocol/hub/losses.ts'
import type { AnswerContext } from '../../src/protocol/translation.ts'
import { hubRequest } from '../protocol/hub-request.ts'

const piece = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .map((value) => value.toWellFormed())
const pieces = fc.array(piece, { minLength: 1, maxLength: 4 })
const word = fc.stringMatching(/^[a-z][a-z0-9_]{2,10}$/)
const count = fc.integer({ min: 1, max: 10_000 })

const call = fc.record({ id: word, name: word, input: fc.dictionary(word, fc.jsonValue()) })

/** Cuts JSON text into fragments of three characters at most. */
const fragments = (text: string): string[] => text.match(/.{1,3}/gsu) ?? []

type Body = HubEvent extends infer Event ? Event : never

/** Thinking, then text, then calls, each in deltas; usage after the finish, as it often comes. */
export const hubAnswer: fc.Arbitrary<readonly HubEvent[]> = fc
  .record({
    reasoning: fc.option(pieces),
    text: fc.option(pieces),
    calls: fc.uniqueArray(call, { maxLength: 3, selector: ({ id }) => id }),
    input: count,
    output: count,
    isCut: fc.boolean(),
  })
  .map(({ reasoning, text, calls, input, output, isCut }) => {
    const events: Body[] = [
      {
        type: 'start',
        id: 'answer1',
        model: 'm-1',
        createdS: 9,
        serviceTier: null,
        fingerprint: null,
      },
    ]
    const choice = 0
    let block = 0
    const close = () => events.push({ type: 'block-end', choice, block: block++ })
    if (reasoning !== null) {
      for (const said of reasoning) {
        events.push({ type: 'reasoning-delta', choice, block, text: said, summary: false })
      }
      close()
    }
    // Somebody who says nothing at all is another test.
    const spoken = text ?? (calls.length === 0 ? ['Yes.'] : [])
    for (const said of spoken) {
      events.push({ type: 'text-delta', choice, block, text: said, logprobs: null })
    }
    if (spoken.length > 0) close()
    for (const { id, name, input: value } of calls) {
      events.push({
        ...{ type: 'tool-start', choice, block, id: `call_${id}`, name },
        ...{ custom: false, signature: null },
      })
      for (const part of fragments(JSON.stringify(value))) {
        events.push({ type: 'tool-delta', choice, block, arguments: part })
      }
      close()
    }
    const reason = isCut ? 'length' : calls.length > 0 ? 'tool-calls' : 'stop'
    events.push(
      { type: 'finish', choice, reason, native: null, stopSequence: null, details: null },
      {
        type: 'usage',
        usage: {
          ...{ inputTokens: input, outputTokens: output, cachedInputTokens: null },
          ...{ cacheWriteInputTokens: null, reasoningTokens: null, native: null },
        },
      },
      { type: 'end' },
    )
    return events
  })

/** Arguments that broke off stay text. */
function inputOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What an answer comes to: everything that a dialect must be able to say. */
export function accountOf(events: readonly HubEvent[]) {
  const { choices, usage, error, ended } = collect(events)
  const parts = choices[0]?.parts ?? []
  const textOf = (type: 'text' | 'reasoning'): string =>
    parts.flatMap((part) => (part.type === type ? part.text : [])).join('')
  return {
    text: textOf('text'),
    reasoning: textOf('reasoning'),
    tools: parts.flatMap((part) =>
      part.type === 'tool-call'
        ? [{ id: part.id, name: part.name, input: inputOf(part.arguments) }]
        : [],
    ),
    finish: choices[0]?.finish?.reason ?? null,
    tokens: [usage?.inputTokens ?? null, usage?.outputTokens ?? null],
    error: error?.message ?? null,
    ended,
  }
}

/** The account that is left of `events` in a dialect, by the list of its losses. */
export function expectedAccount(events: readonly HubEvent[], { answer }: Losses) {
  const account = accountOf(events)
  const drops = (what: string): boolean =>
    answer.some((loss) => loss.what === what && loss.how === 'dropped')
  const tools = drops('tool-call') ? [] : account.tools
  const isStopped = account.finish === 'tool-calls' && tools.length === 0
  return {
    ...account,
    reasoning: drops('reasoning') ? '' : account.reasoning,
    tools,
    finish: isStopped ? 'stop' : account.finish,
  }
}

/** What writers know of the request. */
export const context: AnswerContext = {
  model: 'asked-model',
  requestId: 'req_1',
  createdS: 1_700_000_000,
  includeUsage: true,
  framing: 'sse',
  request: hubRequest({ stream: true, includeUsage: true }),
}

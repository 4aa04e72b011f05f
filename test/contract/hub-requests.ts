/** Generated requests of the hub: a conversation with tools, and most of the settings. */
import fc from 'fast-check'
import type { Losses } from '../../src/protocol/hub/losses.ts'
import type { HubRequest, Message } from '../../src/protocol/hub/request.ts'
import { call, hubRequest, result, says, text, weather } from '../protocol/hub-request.ts'

const line = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 16 })
  .map((value) => `${value.toWellFormed()}.`)
const word = fc.stringMatching(/^[a-z][a-z0-9]{2,8}$/)
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value)
const tenths = fc.integer({ min: 0, max: 10 }).map((value) => value / 10)

const turn = fc
  .record({
    question: line,
    said: maybe(line),
    calls: fc.uniqueArray(fc.record({ id: word, city: line, found: line }), {
      maxLength: 2,
      selector: ({ id }) => id,
    }),
  })
  .map(({ question, said, calls }, index = 0): Message[] => {
    const parts = calls.map(({ id, city }) =>
      call(`call_${id}${index}`, weather.name, JSON.stringify({ city })),
    )
    const results = calls.map(({ id, found }) => result(`call_${id}${index}`, [text(found)]))
    const answered = says('assistant', ...(said === null ? [] : [text(said)]), ...parts)
    return [
      says('user', text(question)),
      ...(answered.parts.length > 0 ? [answered] : [says('assistant', text('Well.'))]),
      ...(results.length > 0 ? [says('tool', ...results)] : []),
    ]
  })

/** A request that every dialect with tools can say, apart from what is on its list. */
export const generatedRequest: fc.Arbitrary<HubRequest> = fc
  .record({
    system: maybe(line),
    turns: fc.array(turn, { maxLength: 2 }),
    last: line,
    hasTools: fc.boolean(),
    settings: fc.record({
      stream: fc.boolean(),
      // Some dialects cannot go without, or below.
      outputTokensMax: fc.integer({ min: 16, max: 4_096 }),
      temperature: maybe(tenths),
      topP: maybe(tenths),
      stop: fc.uniqueArray(word, { maxLength: 3 }),
      userId: maybe(word),
    }),
  })
  .map(({ system, turns, last, hasTools, settings }) => {
    const history = turns.flat()
    const usesTools = hasTools || history.some(({ role }) => role === 'tool')
    return hubRequest({
      ...settings,
      model: 'some-model',
      messages: [
        ...(system === null ? [] : [says('system', text(system))]),
        ...history,
        says('user', text(last)),
      ],
      tools: usesTools ? [weather] : [],
    })
  })

/** What is left of a request for a dialect, without what it is on record for refusing. */
export function sayable(request: HubRequest, losses: Losses): HubRequest {
  const refuses = (name: string): boolean =>
    losses.request.some(({ what, how }) => what === name && how === 'refused')
  const base = refuses('tools') ? withoutTools(request) : request
  return refuses('stop') ? { ...base, stop: [] } : base
}

/** The last question alone, which even legacy completions can say. */
const withoutTools = (request: HubRequest): HubRequest => ({
  ...request,
  messages: request.messages.slice(-1),
  tools: [],
})

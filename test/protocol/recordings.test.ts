/**
 * Every recorded stream of an OpenAI-family provider, told by the watch and, independently, by the
 * recording's own bytes and by what the index says of it.
 */
import { expect, test } from 'bun:test'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import { openaiCompletions } from '../../src/protocol/openai-completions.ts'
import { openaiResponses } from '../../src/protocol/openai-responses.ts'
import type { Protocol, Sighting, Usage } from '../../src/protocol/protocol.ts'
import { describeWithFixtures, type Fixture, listFixtures, readFixture } from '../kit/fixtures.ts'
import { parseSse } from '../kit/sse.ts'

/** The counts under either name. */
interface RecordedUsage {
  readonly prompt_tokens?: number
  readonly input_tokens?: number
  readonly completion_tokens?: number
  readonly output_tokens?: number
  readonly total_tokens?: number
}

/** What is read of an event, of either kind. */
interface Recorded {
  readonly type?: string
  readonly object?: string
  readonly error?: unknown
  readonly choices?: readonly { readonly finish_reason?: string | null }[]
  readonly usage?: RecordedUsage | null
  readonly x_groq?: { readonly usage?: RecordedUsage }
  readonly response?: { readonly usage?: RecordedUsage | null }
}

const dialects: Readonly<Record<string, Protocol>> = {
  'openai-chat': openaiChat,
  'openai-completions': openaiCompletions,
  'openai-responses': openaiResponses,
}

/** What the bytes say, found without the code under test. */
function factsOf(events: readonly string[]) {
  const parsed: Recorded[] = events
    .filter((data) => !data.startsWith('[DONE]'))
    .map((data) => JSON.parse(data))
  const reasons = parsed.flatMap((event) =>
    (event.choices ?? []).flatMap((choice) => choice.finish_reason || []),
  )
  const terminal = parsed.find((event) =>
    /^response\.(completed|incomplete)$/.test(event.type ?? ''),
  )
  const usage = parsed
    .map((event) => event.usage ?? event.x_groq?.usage ?? event.response?.usage)
    .filter((candidate) => candidate?.total_tokens !== undefined)
    .at(-1)
  return {
    reason: reasons.at(-1) ?? terminal?.type?.slice('response.'.length) ?? null,
    isOver: terminal !== undefined || events.some((data) => data.startsWith('[DONE]')),
    failed: parsed.some((event) => event.error || event.type === 'response.failed'),
    usage: usage ?? null,
  }
}

function sightingsOf(protocol: Protocol, events: readonly string[]) {
  const watch = protocol.watch()
  return { watch, sightings: events.map((data): Sighting => watch.look(data)) }
}

function checkRecording(protocol: Protocol, events: readonly string[]): void {
  const { watch, sightings } = sightingsOf(protocol, events)
  const facts = factsOf(events)
  expect(sightings).not.toContain('invalid')
  // One recording is refused before anything was said.
  if (!facts.failed || events.length > 4) expect(sightings).toContain('content')
  expect(watch.finished).toBe(facts.reason !== null)
  expect(watch.finishReason).toBe(facts.reason)
  expect(watch.ended).toBe(facts.isOver || events.some((data) => /"response\.failed"/.test(data)))
  expect(watch.error !== null).toBe(facts.failed)
  checkUsage(watch.usage, facts.usage)
  const supplies = protocol !== openaiResponses && watch.finished && !watch.ended
  expect(watch.missingEnd).toBe(supplies ? 'data: [DONE]\n\n' : null)
}

function checkUsage(usage: Usage | null, recorded: RecordedUsage | null): void {
  if (usage === null || recorded === null) {
    expect([usage, recorded]).toEqual([null, null])
    return
  }
  const input = recorded.prompt_tokens ?? recorded.input_tokens ?? -1
  expect(usage.inputTokens).toBe(input)
  // Reasoning is part of the output, also where the provider counts it apart.
  const output = recorded.completion_tokens ?? recorded.output_tokens ?? -1
  const reasoning = usage.reasoningTokens ?? 0
  const apart = reasoning > 0 && recorded.total_tokens === input + output + reasoning
  expect(usage.outputTokens).toBe(apart ? output + reasoning : output)
}

/** What the index says of a recording, in its own words. */
function checkNotes(fixture: Fixture, protocol: Protocol, events: readonly string[]): void {
  const { watch, sightings } = sightingsOf(protocol, events)
  const notes = fixture.exercises
  if (/\bDONE\b/.test(notes)) expect(sightings).toContain('end')
  if (/\bERROR\b/.test(notes)) expect(watch.error?.message).toBeString()
  const reason = /\bfin:(\w+)/.exec(notes)?.[1]
  if (reason !== undefined) expect([watch.finished, watch.finishReason]).toEqual([true, reason])
  if (/[ ,]usage\b/.test(notes)) expect(watch.usage).not.toBeNull()
  if (/\bprompt_filter_results\b/.test(notes)) expect(sightings[0]).toBe('head')
}

describeWithFixtures('recorded streams', () => {
  for (const fixture of listFixtures({ format: 'raw-sse' })) {
    const named = /api=(openai-\w+)/.exec(fixture.exercises)?.[1]
    const protocol = dialects[fixture.provider === 'openai-compatible' ? 'openai-chat' : `${named}`]
    if (protocol === undefined) continue
    test(fixture.file, () => {
      const events = parseSse(readFixture(fixture))
        .filter((event) => event.kind === 'event')
        .map((event) => event.data)
      expect(events.length).toBeGreaterThan(2)
      checkRecording(protocol, events)
      checkNotes(fixture, protocol, events)
    })
  }

  test('are all of them', () => {
    const watched = listFixtures({ format: 'raw-sse' }).filter((fixture) =>
      /api=openai-/.test(fixture.exercises),
    )
    expect(watched.length).toBeGreaterThanOrEqual(85)
  })
})

const familyWithLines = [
  'alibaba',
  'azure',
  'deepseek',
  'groq',
  'mistral',
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'xai',
]

describeWithFixtures('recorded events without their framing', () => {
  for (const fixture of listFixtures({ format: 'json-lines', provider: familyWithLines })) {
    test(fixture.file, () => {
      const events = new TextDecoder().decode(readFixture(fixture)).split('\n').filter(Boolean)
      const begin: Recorded = JSON.parse(events[0] ?? 'null')
      const isResponse = String(begin.type).startsWith('response.')
      const isText = begin.object === 'text_completion'
      const chat = isText ? openaiCompletions : openaiChat
      checkRecording(isResponse ? openaiResponses : chat, events)
    })
  }
})

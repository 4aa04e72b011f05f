/** Every recording of a legacy completion: decoded, compared with the SDK, written, read again. */
import { expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { readCompletionStream } from '../../../src/protocol/openai-completions/stream-read.ts'
import { CompletionStreamWriter } from '../../../src/protocol/openai-completions/stream-write.ts'
import { openaiCompletions } from '../../../src/protocol/openai-completions.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import { describeWithFixtures, listFixtures } from '../../kit/fixtures.ts'
import { bytesOf, contextOf, dataOf, standOfFile, writtenAgain } from '../openai-chat/stand.ts'
import { expectEqualHoweverCut } from '../replay.ts'

const stand = standOfFile()

const decoding = { framing: 'sse', reader: () => readCompletionStream() } as const

const recordings = listFixtures({}).filter(
  ({ provider, format, exercises }) =>
    format !== 'json-error' &&
    (provider === 'openai-completions' || /api=openai-completions/.test(exercises)),
)

interface Account {
  readonly text: string
  readonly finish: string | null
  readonly usage: readonly (number | null)[] | null
}

/** What the official SDK reads. */
async function accountOfSdk(client: OpenAI): Promise<Account> {
  let text = ''
  let finish: string | null = null
  let usage: readonly number[] | null = null
  const stream = await client.completions.create({ model: 'm', prompt: 'x', stream: true })
  for await (const chunk of stream) {
    for (const choice of chunk.choices ?? []) {
      text += choice.text
      finish ??= choice.finish_reason
    }
    if (chunk.usage) usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens]
  }
  return { text, finish, usage }
}

function accountOfEvents(events: readonly HubEvent[]): Account {
  const { choices, usage } = collect(events)
  const parts = choices[0]?.parts ?? []
  return {
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    finish: choices[0]?.finish?.reason ?? null,
    usage: usage === null ? null : [usage.inputTokens, usage.outputTokens],
  }
}

describeWithFixtures('recorded completions', () => {
  test('are all of them', () => {
    expect(recordings).toHaveLength(5)
  })

  for (const fixture of recordings) {
    test(`${fixture.file}, the same events again`, () => {
      const bytes = bytesOf(fixture)
      const original = dataOf(bytes)
      const again = writtenAgain(translationOf(openaiCompletions), 'openai-completions', bytes)
      // A language of its own, without an end: what cannot be known to be complete has failed.
      const isCut = fixture.file === 'writer/oltel__writer-async-streaming-completions-legacy.sse'
      const failure = { error: expect.objectContaining({ code: 'upstream_incomplete' }) }
      expect(again).toEqual(isCut ? [...original, failure] : original)
      expect(original.includes('[DONE]')).toBe(!isCut)
    })

    test(fixture.file, async () => {
      const bytes = bytesOf(fixture)
      const events = expectEqualHoweverCut(decoding, bytes)
      const account = accountOfEvents(events)
      expect(account.text.length).toBeGreaterThan(5)
      if (fixture.provider === 'writer') {
        // A language of its own, without a finish or an end: it cannot be known to be complete.
        expect(collect(events).error?.code).toBe('upstream_incomplete')
        return
      }
      stand.body = bytes
      expect(account).toEqual(await accountOfSdk(stand.client))
      const writer = new CompletionStreamWriter(contextOf())
      stand.body = events.map((event) => writer.write([event])).join('')
      expect(await accountOfSdk(stand.client)).toEqual(account)
    }, 30_000)
  }
})

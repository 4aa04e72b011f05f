/** Blocks of another dialect: one rule for all writers. */
import { describe, expect, test } from 'bun:test'
import { foreignBlocks } from '../../../src/protocol/hub/native-parts.ts'
import type { Part } from '../../../src/protocol/hub/request.ts'
import { protocols } from '../../../src/protocol/registry.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import { call, hubRequest, refusedParam, result, says, text, weather } from '../hub-request.ts'

/** What is said to Claude by InvokeModel is Anthropic's own. */
const anthropics: ReadonlySet<string> = new Set(['anthropic-messages', 'bedrock-invoke'])

/** Those that write conversations. */
const writers = Object.values(protocols).filter(
  ({ name, translation }) => translation !== null && name !== 'openai-completions',
)

describe.each(writers.map((protocol) => [protocol.name, protocol] as const))(
  '%s',
  (name, protocol) => {
    const { writeRequest, losses } = translationOf(protocol)
    const dialect = anthropics.has(name) ? 'openai-responses' : 'anthropic-messages'
    const native: Part = { type: 'native', native: { dialect, value: { type: 'server_tool_use' } } }

    test('leaves out what another server’s tools did in a turn of the assistant', () => {
      const conversation = (extra: readonly Part[]) =>
        hubRequest({
          tools: [weather],
          messages: [
            says('user', text('Who won?')),
            ...(extra.length === 0 ? [] : [says('assistant', ...extra)]),
            says(
              'assistant',
              ...extra,
              text('Norway did.'),
              ...extra,
              call('call_1', 'weather', '{}'),
            ),
            says('tool', result('call_1', [text('rain')])),
          ],
        })
      expect(writeRequest(conversation([native]))).toEqual(writeRequest(conversation([])))
    })

    test.each([
      ['said by the user', says('user', text('Look:'), native)],
      ['said by the system', says('system', native)],
      ['in what a tool answered', says('tool', result('call_1', [native]))],
    ])('refuses it where it is %s', (_where, message) => {
      const turns = [says('user', text('Hi')), says('assistant', call('call_1', 'weather', '{}'))]
      const request = hubRequest({ tools: [weather], messages: [...turns, message] })
      expect(refusedParam(() => writeRequest(request))).toBe('messages')
    })

    test('says so in its losses', () => {
      expect(losses.request).toEqual(expect.arrayContaining([...foreignBlocks]))
    })
  },
)

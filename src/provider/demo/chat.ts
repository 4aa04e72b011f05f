/** The demo provider's answers as Chat Completions. */
import type { Script } from './script.ts'
import { dataEvent, failureEvent, usageOf, type Voice } from './voice.ts'

/** Says `script` in the Chat Completions dialect. */
export function chatVoice(script: Script): Voice {
  const { tool } = script
  const head = {
    id: `chatcmpl-${script.id}`,
    object: 'chat.completion.chunk',
    created: script.createdSeconds,
    model: script.model,
    service_tier: 'default',
    system_fingerprint: 'fp_demo',
  }
  const finishReason = script.limited ? 'length' : tool === null ? 'stop' : 'tool_calls'

  // Everything but the delta is the same in every event, so it is written once.
  const before = `data: ${JSON.stringify(head).slice(0, -1)},"choices":[{"index":0,"delta":`
  const after = script.includeUsage ? '}],"usage":null}\n\n' : '}]}\n\n'
  const chunk = (delta: string, finish: string | null): string =>
    `${before}${delta},"logprobs":null,"finish_reason":${JSON.stringify(finish)}${after}`

  return {
    open: () => chunk(JSON.stringify(openingDelta(script)), null),
    token: (text) =>
      chunk(
        tool === null
          ? `{"content":${JSON.stringify(text)}}`
          : `{"tool_calls":[{"index":0,"function":{"arguments":${JSON.stringify(text)}}}]}`,
        null,
      ),
    finish: () =>
      chunk('{}', finishReason) +
      (script.includeUsage ? dataEvent({ ...head, choices: [], usage: usageOf(script) }) : ''),
    end: () => 'data: [DONE]\n\n',
    failure: failureEvent,
    whole: (text) =>
      JSON.stringify({
        ...head,
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: wholeMessage(script, text),
            logprobs: null,
            finish_reason: finishReason,
          },
        ],
        usage: usageOf(script),
      }),
  }
}

function openingDelta(script: Script): object {
  if (script.tool === null) return { role: 'assistant', content: '', refusal: null }
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ index: 0, ...toolCall(script, script.tool.name, '') }],
    refusal: null,
  }
}

function wholeMessage(script: Script, text: string): object {
  const rest = { refusal: null, annotations: [] }
  if (script.tool === null) return { role: 'assistant', content: text, ...rest }
  const call = toolCall(script, script.tool.name, text)
  return { role: 'assistant', content: null, tool_calls: [call], ...rest }
}

function toolCall(script: Script, name: string, text: string): object {
  return { id: `call_${script.id}`, type: 'function', function: { name, arguments: text } }
}

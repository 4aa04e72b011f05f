/** The demo provider's answers as legacy Completions. */
import type { Script } from './script.ts'
import { dataEvent, failureEvent, usageOf, type Voice } from './voice.ts'

/** Says `script` in the legacy Completions dialect. */
export function completionsVoice(script: Script): Voice {
  const head = {
    id: `cmpl-${script.id}`,
    object: 'text_completion',
    created: script.createdSeconds,
    model: script.model,
  }
  const finishReason = script.limited ? 'length' : 'stop'
  const choice = (text: string, finish: string | null): object => ({
    text,
    index: 0,
    logprobs: null,
    finish_reason: finish,
  })
  const usage = script.includeUsage ? { usage: null } : {}
  const chunk = (text: string, finish: string | null): string =>
    dataEvent({ ...head, choices: [choice(text, finish)], ...usage })

  return {
    open: () => '',
    token: (text) => chunk(text, null),
    finish: () =>
      chunk('', finishReason) +
      (script.includeUsage ? dataEvent({ ...head, choices: [], usage: usageOf(script) }) : ''),
    end: () => 'data: [DONE]\n\n',
    failure: failureEvent,
    whole: (text) =>
      JSON.stringify({ ...head, choices: [choice(text, finishReason)], usage: usageOf(script) }),
  }
}

/** Writes a whole legacy completion. */
import type { JsonObject } from '../../core/json.ts'
import { type CollectedChoice, collect } from '../hub/collect.ts'
import type { HubEvent } from '../hub/events.ts'
import { wholeFrame } from '../hub/own-frame.ts'
import { chunkHead } from '../openai/chunk-write.ts'
import { writeUsage } from '../openai/hub-usage.ts'
import type { AnswerContext } from '../translation.ts'
import { LogprobsWrite } from './logprobs.ts'
import { finishWord } from './stream-write.ts'

const names = { object: 'text_completion', idPrefix: 'cmpl-' }

/** The events of a finished answer as a whole one. @throws GatewayError the one it ended with. */
export function writeCompletionResponse(
  events: readonly HubEvent[],
  context: AnswerContext,
): JsonObject {
  const answer = collect(events)
  if (answer.error !== null) throw answer.error
  const own = wholeFrame(events, 'openai-completions')
  if (own !== null) return own
  const usage = answer.usage === null ? null : writeUsage(answer.usage)
  return {
    ...chunkHead(answer, names, context),
    choices: answer.choices.map(writeChoice),
    ...(usage !== null && { usage }),
  }
}

function writeChoice({ index, parts, finish }: CollectedChoice): JsonObject {
  const texts = parts.filter((part) => part.type === 'text' || part.type === 'refusal')
  const scored = texts.flatMap(({ logprobs }) => {
    const content = logprobs?.content
    return Array.isArray(content) ? content : []
  })
  return {
    text: texts.map(({ text }) => text).join(''),
    index,
    logprobs: new LogprobsWrite().write({ content: scored }),
    finish_reason: finishWord(finish?.reason ?? 'stop'),
  }
}

/** The answer of `Converse`, told as the stream that would have said the same. */
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import { ConverseReader } from './stream.ts'

/** A whole answer as the events of a stream; one without a reason is incomplete. Never throws. */
export function readResponse(body: JsonObject): readonly HubEvent[] {
  const reader = new ConverseReader()
  const events: HubEvent[] = []
  const say = (type: string, payload: JsonObject): void => {
    for (const event of reader.readUnion({ [type]: payload })) events.push(event)
  }
  const message = objectAt(objectAt(body, 'output') ?? {}, 'message')
  const content = message?.content
  if (message !== null) say('messageStart', { role: 'assistant' })
  for (const [index, block] of (Array.isArray(content) ? content : []).entries()) {
    if (!isObject(block)) continue
    for (const [type, payload] of piecesOf(block)) {
      say(type, { contentBlockIndex: index, ...payload })
    }
    say('contentBlockStop', { contentBlockIndex: index })
  }
  const { usage, metrics, trace, stopReason, additionalModelResponseFields } = body
  // Before the reason, which completes the answer as soon as the usage is known.
  if (message !== null) say('metadata', { usage, metrics, trace })
  if (message !== null) say('messageStop', { stopReason, additionalModelResponseFields })
  return [...events, ...reader.end()]
}

type Piece = readonly [type: string, payload: JsonObject]

const delta = (value: JsonObject): Piece => ['contentBlockDelta', { delta: value }]

/** The start and the deltas of one block. */
function piecesOf(block: JsonObject): readonly Piece[] {
  const call = objectAt(block, 'toolUse')
  if (call !== null) {
    const { input, ...start } = call
    const text = input === undefined ? '' : JSON.stringify(input)
    const begin: Piece = ['contentBlockStart', { start: { toolUse: start } }]
    return [begin, delta({ toolUse: { input: text } })]
  }
  const reasoning = objectAt(block, 'reasoningContent')
  if (reasoning !== null) {
    const shown = objectAt(reasoning, 'reasoningText')
    const { text, signature } = shown ?? {}
    const { redactedContent } = reasoning
    return [delta({ reasoningContent: { text, signature, redactedContent } })]
  }
  const cited = objectAt(block, 'citationsContent')
  if (cited !== null) {
    const texts = listAt(cited, 'content').map((item) =>
      delta({ text: textAt(item, 'text') ?? '' }),
    )
    return [...texts, ...listAt(cited, 'citations').map((citation) => delta({ citation }))]
  }
  if (typeof block.text === 'string') return [delta({ text: block.text })]
  return [['contentBlockStart', { start: block }]]
}

function listAt(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key]
  return Array.isArray(value) ? value.filter(isObject) : []
}

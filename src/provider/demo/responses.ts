/**
 * The demo provider's answers as Responses: every event of the life cycle, numbered, and at the
 * end the whole response once more.
 */
import type { Script } from './script.ts'
import { failureMessage, type Voice } from './voice.ts'

/** Says `script` in the Responses dialect. */
export function responsesVoice(script: Script): Voice {
  let sequence = 0
  let said = ''
  const event = (type: string, data: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data, sequence_number: sequence++ })}\n\n`
  const item = script.tool === null ? messageItem(script) : callItem(script, script.tool.name)
  const place = { item_id: item.id, output_index: 0, ...item.place }

  return {
    open: () =>
      event('response.created', { response: responseObject(script, 'in_progress', []) }) +
      event('response.in_progress', { response: responseObject(script, 'in_progress', []) }) +
      event('response.output_item.added', { output_index: 0, item: item.started }) +
      (item.part === null
        ? ''
        : event('response.content_part.added', { ...place, part: item.part('') })),
    token: (text) => {
      said += text
      return event(`${item.event}.delta`, { ...place, delta: text, ...item.extra })
    },
    finish: () => {
      const whole = item.finished(said, script.limited ? 'incomplete' : 'completed')
      const type = script.limited ? 'response.incomplete' : 'response.completed'
      return (
        event(`${item.event}.done`, { ...place, ...item.done(said), ...item.extra }) +
        (item.part === null
          ? ''
          : event('response.content_part.done', { ...place, part: item.part(said) })) +
        event('response.output_item.done', { output_index: 0, item: whole }) +
        event(type, { response: finalResponse(script, whole) })
      )
    },
    end: () => '',
    failure: () => {
      const error = { code: 'server_error', message: failureMessage }
      const response = { ...responseObject(script, 'failed', []), error }
      return (
        event('error', { error: { type: 'server_error', ...error, param: null } }) +
        event('response.failed', { response })
      )
    },
    whole: (text) => {
      const whole = item.finished(text, script.limited ? 'incomplete' : 'completed')
      return JSON.stringify(finalResponse(script, whole))
    },
  }
}

/** One output item in the shapes it has from its first event to its last. */
interface OutputItem {
  readonly id: string
  /** The events of its deltas are named after it. */
  readonly event: string
  readonly place: object
  readonly extra: object
  readonly started: object
  /** Its one content part, or null where the item has none. */
  readonly part: ((text: string) => object) | null
  done(text: string): object
  finished(text: string, status: string): object
}

function messageItem(script: Script): OutputItem {
  const id = `msg_${script.id}`
  const part = (text: string): object => ({
    type: 'output_text',
    annotations: [],
    logprobs: [],
    text,
  })
  const shape = (status: string, content: readonly object[]): object => ({
    id,
    type: 'message',
    status,
    content,
    role: 'assistant',
  })
  return {
    id,
    event: 'response.output_text',
    place: { content_index: 0 },
    extra: { logprobs: [] },
    started: shape('in_progress', []),
    part,
    done: (text) => ({ text }),
    finished: (text, status) => shape(status, [part(text)]),
  }
}

function callItem(script: Script, name: string): OutputItem {
  const id = `fc_${script.id}`
  const shape = (status: string, text: string): object => ({
    id,
    type: 'function_call',
    status,
    arguments: text,
    call_id: `call_${script.id}`,
    name,
  })
  return {
    id,
    event: 'response.function_call_arguments',
    place: {},
    extra: {},
    started: shape('in_progress', ''),
    part: null,
    done: (text) => ({ arguments: text, name }),
    finished: (text, status) => shape(status, text),
  }
}

function finalResponse(script: Script, item: object): object {
  return {
    ...responseObject(script, script.limited ? 'incomplete' : 'completed', [item]),
    completed_at: script.limited ? null : script.createdSeconds,
    incomplete_details: script.limited ? { reason: 'max_output_tokens' } : null,
    usage: {
      input_tokens: script.promptTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: script.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: script.promptTokens + script.outputTokens,
    },
  }
}

/** The response as it stands; what the request set is repeated, as the real one does. */
function responseObject(script: Script, status: string, output: readonly object[]): object {
  const { request } = script
  return {
    id: `resp_${script.id}`,
    object: 'response',
    created_at: script.createdSeconds,
    status,
    background: false,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    model: script.model,
    output,
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: request.reasoning ?? { effort: null, summary: null },
    service_tier: 'default',
    // Nothing is ever stored here, whatever was asked.
    store: false,
    temperature: request.temperature ?? 1,
    text: request.text ?? { format: { type: 'text' } },
    tool_choice: request.tool_choice ?? 'auto',
    tools: request.tools ?? [],
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? 'disabled',
    usage: null,
    user: request.user ?? null,
    metadata: request.metadata ?? {},
  }
}

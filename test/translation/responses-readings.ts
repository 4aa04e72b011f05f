/** What OpenAI's SDK reads of a response, streamed or not. */
import type OpenAI from 'openai'
import { type Account, accountOf, type Draft, emptyDraft, type Finish } from './account.ts'
import type { Clients } from './stand.ts'

const words: Readonly<Record<string, Finish>> = {
  length: 'length',
  content_filter: 'content-filter',
}

/** A stream of a response, which the SDK puts together and checks item by item. */
export async function readResponseStream({ openai, model }: Clients): Promise<Account> {
  const draft = emptyDraft()
  try {
    const stream = openai.responses.stream({ model: model ?? 'm', input: 'Hi' })
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') draft.text += event.delta
    }
    return accountOfResponse(await stream.finalResponse())
  } catch {
    return failedWith(draft.text)
  }
}

/**
 * The same with the SDK's plain events, and the response that the last of them holds: what puts
 * them together knows neither every event of OpenAI nor a stream that was taken up again.
 * @param byDeltas the text is that of the deltas, for a recording whose publisher cut them short.
 */
export async function readResponseEvents(
  { openai, model }: Clients,
  byDeltas = false,
): Promise<Account> {
  let text = ''
  let last: OpenAI.Responses.Response | null = null
  try {
    const stream = await openai.responses.create({
      model: model ?? 'm',
      input: 'Hi',
      stream: true,
    })
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') text += event.delta
      if (event.type === 'error') return failedWith(text)
      if (event.type === 'response.completed' || event.type === 'response.incomplete') {
        last = event.response
      }
    }
  } catch {
    return failedWith(text)
  }
  if (last === null) return failedWith(text)
  const account = accountOfResponse(last)
  if (!byDeltas) return account
  return { ...account, choices: account.choices.map((choice) => ({ ...choice, text })) }
}

function failedWith(text: string): Account {
  const drafts = new Map(text === '' ? [] : [[0, { ...emptyDraft(), text }]])
  return accountOf(drafts, words, null, true)
}

/** A response. */
export async function readResponse({ openai }: Clients): Promise<Account> {
  return accountOfResponse(await openai.responses.create({ model: 'm', input: 'Hi' }))
}

function accountOfResponse(response: OpenAI.Responses.Response): Account {
  const draft = emptyDraft()
  for (const [index, item] of response.output.entries()) addItem(draft, index, item)
  const { status, incomplete_details, usage } = response
  draft.word = wordOf(status ?? null, incomplete_details?.reason ?? null)
  const drafts = new Map([[0, draft]])
  const counts = usage && {
    input: usage.input_tokens,
    output: usage.output_tokens,
    cached: usage.input_tokens_details?.cached_tokens ?? null,
    reasoning: usage.output_tokens_details?.reasoning_tokens ?? null,
  }
  return accountOf(drafts, words, counts ?? null, status === 'failed')
}

/** A response has a status and no finish reason; calls among its items say the rest. */
function wordOf(status: string | null, reason: string | null): string | null {
  if (status === 'completed') return 'stop'
  if (status !== 'incomplete') return null
  return reason === 'content_filter' ? 'content_filter' : 'length'
}

function addItem(draft: Draft, index: number, item: OpenAI.Responses.ResponseOutputItem): void {
  switch (item.type) {
    case 'message':
      for (const part of item.content) {
        if (part.type === 'output_text') draft.text += part.text
        else draft.refusal += part.refusal
      }
      return
    case 'reasoning':
      for (const { text } of item.summary) draft.reasoning += text
      for (const { text } of item.content ?? []) draft.reasoning += text
      return
    case 'function_call':
      draft.calls.set(index, { id: item.call_id, name: item.name, text: item.arguments })
      return
    case 'custom_tool_call':
      draft.calls.set(index, { id: item.call_id, name: item.name, text: item.input })
  }
}

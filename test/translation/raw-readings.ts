/** What streams say for which there is no SDK here, by the shapes that are documented for them. */
import { type Account, accountOf, emptyDraft, type Finish } from './account.ts'

const words: Readonly<Record<string, Finish>> = {
  length: 'length',
  max_tokens: 'length',
  stop_sequence: 'stop-sequence',
}

/** One line of Ollama, of its chat and of its older API. */
interface OllamaLine {
  readonly message?: {
    readonly content?: string
    readonly thinking?: string
    readonly tool_calls?: readonly {
      readonly id?: string
      readonly function: { readonly name: string; readonly arguments: unknown }
    }[]
  }
  readonly response?: string
  readonly done?: boolean
  readonly done_reason?: string
  readonly prompt_eval_count?: number
  readonly eval_count?: number
}

/** Ollama's lines, by the shapes it documents. */
export function readOllama(bytes: Uint8Array): Account {
  const draft = emptyDraft()
  let usage: Account['usage'] = null
  for (const text of new TextDecoder().decode(bytes).trim().split('\n')) {
    const line: OllamaLine = JSON.parse(text)
    draft.text += line.message?.content ?? line.response ?? ''
    draft.reasoning += line.message?.thinking ?? ''
    for (const { id = null, function: called } of line.message?.tool_calls ?? []) {
      const input = JSON.stringify(called.arguments)
      draft.calls.set(draft.calls.size, { id, name: called.name, text: input })
    }
    if (line.done !== true) continue
    draft.word = line.done_reason ?? 'stop'
    const { prompt_eval_count: input = 0, eval_count: output = null } = line
    usage = { input, output, cached: null, reasoning: null }
  }
  return accountOf(new Map([[0, draft]]), words, usage, false)
}

/** One event of watsonx's text stream. */
interface WatsonxEvent {
  readonly results: readonly {
    readonly generated_text: string
    readonly generated_token_count: number
    readonly input_token_count: number
    readonly stop_reason: string
  }[]
}

/** Watsonx's events, by the shapes it documents. */
export function readWatsonx(bytes: Uint8Array): Account {
  const draft = emptyDraft()
  const usage = { input: 0, output: 0, cached: null, reasoning: null }
  for (const line of new TextDecoder().decode(bytes).split(/\r?\n/)) {
    if (!line.startsWith('data: ')) continue
    const { results }: WatsonxEvent = JSON.parse(line.slice('data: '.length))
    for (const result of results) {
      draft.text += result.generated_text
      if (result.stop_reason !== 'not_finished') draft.word = result.stop_reason
      usage.input = Math.max(usage.input, result.input_token_count)
      usage.output = result.generated_token_count
    }
  }
  return accountOf(new Map([[0, draft]]), words, usage, false)
}

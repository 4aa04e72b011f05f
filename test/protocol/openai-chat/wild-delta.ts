/**
 * A message of a chat, or the delta of one, with everything that compatible providers put into it.
 * It knows every provider's names for the same thing, and nothing of the code under test.
 */

/** A message or a delta. */
export interface WildDelta {
  readonly content?: unknown
  readonly refusal?: string | null
  readonly reasoning?: string | null
  readonly reasoning_content?: string | null
  readonly reasoning_details?: readonly { readonly text?: string; readonly summary?: string }[]
  readonly tool_calls?: readonly WildCall[] | null
}

/** A call of a tool, or a piece of one. */
export interface WildCall {
  readonly index?: number
  readonly id?: string | null
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null }
}

/** What was said so far. */
export interface Words {
  text: string
  reasoning: string
  refusal: string
}

/** Adds the words of `delta` to those before it. */
export function addWords(words: Words, delta: WildDelta): void {
  addContent(words, delta.content)
  words.refusal += delta.refusal ?? ''
  const details = (delta.reasoning_details ?? []).map(({ text, summary }) => text ?? summary ?? '')
  words.reasoning += delta.reasoning_content || delta.reasoning || details.join('')
}

/** Mistral's content is a list of texts and thoughts. */
function addContent(words: Words, content: unknown): void {
  if (typeof content === 'string') words.text += content
  if (!Array.isArray(content)) return
  for (const piece of content) {
    if (piece.type === 'text') words.text += piece.text
    else for (const { text } of piece.thinking ?? []) words.reasoning += text
  }
}

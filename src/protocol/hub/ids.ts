/**
 * Ids that the hub makes where a provider gave none, or gave one that another dialect refuses.
 * They are hashes of what they stand for, so that a stream reads the same however it was cut, and
 * a call and its result in a later request get the same id without anything being remembered.
 */

/** Digits of a hash that make two ids of one conversation differ for sure. */
const HASH_LENGTH = 24

/** `length` characters of `0-9a-f`, at most 64, that stand for `text`. */
export function hashText(text: string, length: number): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, length)
}

/**
 * The id of a tool call that came without one: `call_` and a hash.
 * @param answerId the provider's id of the answer; where it has none, whatever else tells this
 *   answer from the one of the next turn, such as the name and arguments of the call.
 * @param index the place of the call among those of the answer.
 */
export function madeToolCallId(answerId: string, choice: number, index: number): string {
  return `call_${hashText(`${answerId}\n${choice}\n${index}`, HASH_LENGTH)}`
}

/**
 * `id` where it is legal, else `call_` and a hash of it. Used on a call as on its result, so that
 * the two still match. For the alphabet that Anthropic and Bedrock allow, see `toolCallIdChars`.
 */
export function fittedToolCallId(id: string, legal: RegExp): string {
  return legal.test(id) ? id : `call_${hashText(id, HASH_LENGTH)}`
}

/** What Anthropic and Bedrock allow in the id of a tool call; Bedrock no more than 64 of them. */
export const toolCallIdChars = /^[a-zA-Z0-9_-]{1,64}$/

/**
 * The id of an answer whose provider gave none, from the request's own.
 * @param prefix in the dialect's way: `chatcmpl-`, `msg_`, `resp_`.
 */
export function madeAnswerId(prefix: string, requestId: string): string {
  return `${prefix}${requestId.replace(/^req_/, '')}`
}

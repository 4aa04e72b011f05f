/** What the tests of requests share. */
import { GatewayError } from '../../../src/core/errors.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import type { HubRequest, Message, Part } from '../../../src/protocol/hub/request.ts'
import { readChatRequest } from '../../../src/protocol/openai-chat/request-read.ts'

/** A path that says nothing. */
export const nowhere = { model: null, stream: null }
/** A request with these fields, as the hub has it. */
export const read = (body: JsonObject): HubRequest =>
  readChatRequest({ model: 'm', messages: [], ...body }, nowhere)
/** A lone message, as the hub has it. */
export const message = (said: JsonObject): Message | undefined =>
  read({ messages: [said] }).messages[0]
/** A lone part of a message of the user. */
export const part = (said: JsonObject): Part | undefined =>
  message({ role: 'user', content: [said] })?.parts[0]
/** A part that is text. */
export const text = (said: string): Part => ({
  ...{ type: 'text', text: said, citations: [], cache: null, signature: null },
})

/** The 400 that `run` throws. */
export function refusal(run: () => unknown): GatewayError {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.status === 400) return thrown
    throw thrown
  }
  throw new Error('it was not refused')
}

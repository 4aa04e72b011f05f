/** Short ways to say requests in tests, and to see what is refused of them. */
import { GatewayError } from '../../../src/core/errors.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import type { HubRequest, Message, Part } from '../../../src/protocol/hub/request.ts'
import { emptyRequest, noPath, translation } from './stand.ts'

/** Reads a request of the model `m`. */
export const read = (body: JsonObject) => translation.readRequest({ model: 'm', ...body }, noPath)
/** Writes a request that says nothing else. */
export const write = (rest: Partial<HubRequest>) =>
  translation.writeRequest({ ...emptyRequest, ...rest })
/** The messages of these items. */
export const messagesOf = (...input: readonly object[]) => read({ input }).messages
/** Where a request came from, and what else it said. */
export const from = (dialect: HubRequest['extra']['dialect'], fields: JsonObject = {}) => ({
  extra: { dialect, fields },
})
/** A text that says nothing but itself. */
export const text = (said: string): Part => ({
  type: 'text',
  text: said,
  citations: [],
  cache: null,
  signature: null,
})
/** A message of the user. */
export const user = (...parts: readonly Part[]): Message => ({ role: 'user', parts, name: null })
/** A message of the assistant. */
export const assistant = (...parts: readonly Part[]): Message => ({
  role: 'assistant',
  parts,
  name: null,
})

/** The parameter that a refusal names. */
export function refused(act: () => unknown): unknown {
  try {
    act()
    return 'nothing was refused'
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) return thrown
    return thrown.status === 400 && thrown.message.includes(`'${thrown.detail.param}'`)
      ? thrown.detail.param
      : thrown
  }
}

/** Providers that no client speaks to directly: every chat is translated for them. */
import { GatewayError } from '../core/errors.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { Call } from './call.ts'
import { asksForAnswer } from './protocols.ts'
import type { Dial, Wanted } from './provider.ts'

/** Where a provider answers, below its address. */
export type AnswerPath = (model: string, wanted: Wanted) => string

/**
 * How such a provider is called: its own API as it is under `/passthrough`, and otherwise its chat.
 * @throws GatewayError `unknown_url` for what it does not have, `missing_model` for no model.
 */
export function translatedDial(
  call: Call,
  wanted: Wanted,
  protocols: { readonly own: Protocol; readonly opaque: Protocol },
  pathOf: AnswerPath,
): Dial {
  const { endpoint, path, search, protocol } = call
  if (endpoint === 'passthrough') return { protocol: protocols.opaque, path, search }
  const isChat = protocol.name !== 'opaque' && endpoint !== 'models' && endpoint !== 'embeddings'
  if (!isChat || !asksForAnswer.test(path)) throw new GatewayError('unknown_url')
  if (wanted.model === null) throw new GatewayError('missing_model', { param: 'model' })
  return { protocol: protocols.own, path: pathOf(wanted.model, wanted), search: '' }
}

/** Where Google keeps its models, in both of its APIs. */
import { GatewayError } from '../core/errors.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { Call } from './call.ts'
import type { Dial, Provider, Wanted } from './provider.ts'

/** The names Google gives its models. */
export const googleModels = /^(?:models\/)?(?:gemini|gemma|learnlm)-/

/** What a Google provider speaks. */
export interface GoogleProtocols {
  readonly gemini: Protocol
  /** For everything that is passed along without being understood. */
  readonly opaque: Protocol
}

/** Methods whose answer is in the dialect; every other one is passed along. */
const generating = /:(?:generateContent|streamGenerateContent)$/

/**
 * How Google is called. A client of its own dialect keeps the method that it named; everyone else
 * generates.
 * @param place the path of a model: `/models/{model}` or what Vertex puts in front of it.
 * @throws GatewayError `unknown_url`, from the returned function, for what Google does not have.
 */
export function googleDial(
  protocols: GoogleProtocols,
  place: (model: string) => string,
): Provider['dial'] {
  // The same dialect, but never the same object: an array for the client is written, not passed.
  const rewritten: Protocol = { ...protocols.gemini }
  return (call, wanted) => {
    if (call.endpoint === 'passthrough') return passed(call, protocols)
    if (call.protocol.name === 'gemini' && !generating.test(call.path)) {
      return { protocol: protocols.opaque, path: ownPath(call, wanted, place), search: '' }
    }
    if (call.endpoint === 'models') {
      return { protocol: protocols.opaque, path: '/models', search: call.search }
    }
    if (call.protocol.name === 'opaque') throw new GatewayError('unknown_url')
    if (wanted.model === null) throw new GatewayError('missing_model', { param: 'model' })
    const model = place(wanted.model)
    const isArray = wanted.stream && call.framing === 'json-array'
    return {
      protocol: isArray ? rewritten : protocols.gemini,
      path: `${model}:${wanted.stream ? 'streamGenerateContent' : 'generateContent'}`,
      search: wanted.stream ? '?alt=sse' : '',
    }
  }
}

/** The provider's own API: nothing is changed, and events are looked at where they are events. */
function passed(call: Call, protocols: GoogleProtocols): Dial {
  const isEvents = !call.path.endsWith(':streamGenerateContent') || /alt=sse/.test(call.search)
  const protocol = generating.test(call.path) && isEvents ? protocols.gemini : protocols.opaque
  return { protocol, path: call.path, search: call.search }
}

/** `:countTokens`, `:embedContent` and the like of the model that was wanted; else the path. */
function ownPath(call: Call, wanted: Wanted, place: (model: string) => string): string {
  const method = /:([A-Za-z]+)$/.exec(call.path)?.[1]
  return wanted.model === null || method === undefined
    ? call.path
    : `${place(wanted.model)}:${method}`
}

/** A model's name as segments of a path; collections (`tunedModels/x`) keep their slashes. */
export function modelSegments(model: string): string {
  return model.split('/').map(encodeURIComponent).join('/')
}

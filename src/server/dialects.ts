/** The routes of the dialects that are not OpenAI's: Anthropic's Messages, and Gemini. */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import { hidden, refuseMethod } from './allow.ts'
import { type Arrival, arrivalOf } from './arrival.ts'
import { dialectDetails } from './dialect-details.ts'
import { chosenProvider, type Destination, type Forward, forwarder, withoutKey } from './forward.ts'
import type { RouterOptions } from './options.ts'
import type { WriteProblem } from './problem.ts'

/** As much of a handler's context as is used: what is not asked for is not made. */
interface Routed {
  readonly request: Request
}

/** `POST /v1/messages` and `/v1/messages/count_tokens`. */
export function anthropicRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const forward = forwarder(options, writeProblem)
  const postOnly = refuseMethod(writeProblem, 'POST')
  const at =
    (path: string) =>
    ({ request }: Routed) =>
      forward(request, (arrival) => ({
        endpoint: 'messages',
        path,
        protocol: options.protocols.messages,
        ...(path.endsWith('/count_tokens') && { aside: 'count' as const }),
        provider: chosenProvider(arrival.request),
      }))
  return new Elysia({ name: 'anthropic', normalize: false })
    .post('/v1/messages', at('/messages'), dialectDetails.messages)
    .all('/v1/messages', postOnly, hidden)
    .post(
      '/v1/messages/count_tokens',
      at('/messages/count_tokens'),
      dialectDetails.countMessageTokens,
    )
    .all('/v1/messages/count_tokens', postOnly, hidden)
}

const v1beta = '/v1beta/'
const v1 = '/v1/'

/** `POST /v1beta/models/{model}:{action}` and the list of models in Gemini's shape. */
export function geminiRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const forward = forwarder(options, writeProblem)
  const { models } = options
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD, POST')
  return (
    new Elysia({ name: 'gemini', normalize: false })
      .get('/v1beta/models', ({ request }) => models.listGemini(arrivalOf(request).request), hidden)
      .get(
        '/v1beta/models/*',
        ({ request }) => {
          const arrival = arrivalOf(request)
          return models.getGemini(decoded(arrival, '/v1beta/models/'), arrival.request)
        },
        hidden,
      )
      .post('/v1beta/*', ({ request }) => geminiCall(request, forward, options), hidden)
      // Google's SDK calls `v1` unless it is told otherwise.
      .post('/v1/models/*', ({ request }) => geminiCall(request, forward, options), hidden)
      .all('/v1beta/*', wrongMethod, hidden)
  )
}

const geminiActions: ReadonlySet<string> = new Set([
  'generateContent',
  'streamGenerateContent',
  'countTokens',
  'embedContent',
  'batchEmbedContents',
])

function geminiCall(request: Request, forward: Forward, options: RouterOptions): Promise<Response> {
  return forward(request, (arrival) => geminiDestination(arrival, options))
}

/** The model and the action are the last part of the path: `models/{model}:{action}`. */
function geminiDestination(arrival: Arrival, options: RouterOptions): Destination {
  const name = decoded(arrival, arrival.path.startsWith(v1beta) ? v1beta : v1)
  const colon = name.lastIndexOf(':')
  const action = name.slice(colon + 1)
  if (colon <= 0 || !geminiActions.has(action)) throw new GatewayError('unknown_url')
  const model = name.slice(0, colon).replace(/^models\//, '')
  const stream = action === 'streamGenerateContent'
  const isSse = new URLSearchParams(arrival.search).get('alt') === 'sse'
  return {
    endpoint: 'gemini',
    path: `/models/${model}:${action}`,
    search: withoutKey(arrival.search),
    protocol: options.protocols.gemini,
    provider: chosenProvider(arrival.request),
    says: { model, stream },
    ...asideOf(action),
    framing: stream && !isSse ? 'json-array' : 'sse',
  }
}

function asideOf(action: string): Pick<Destination, 'aside'> {
  if (action === 'countTokens') return { aside: 'count' }
  return action.includes('mbed') ? { aside: 'embed' } : {}
}

/** The rest of a path behind `prefix`. The guard has seen its percent signs; UTF-8 it has not. */
function decoded(arrival: Arrival, prefix: string): string {
  try {
    return decodeURIComponent(arrival.path.slice(prefix.length))
  } catch (cause) {
    throw new GatewayError('invalid_url', { cause })
  }
}

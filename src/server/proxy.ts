/**
 * The routes that are forwarded. They read no body and look at no header but the one that names a
 * provider; everything else about a request is the gateway's.
 */
import { Elysia } from 'elysia'
import type { EndpointName } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { hidden, refuseMethod } from './allow.ts'
import { arrivalOf } from './arrival.ts'
import { checkedProvider, chosenProvider, forwarder, withoutKey } from './forward.ts'
import type { RouterOptions } from './options.ts'
import type { WriteProblem } from './problem.ts'
import { proxyDetails } from './proxy-details.ts'

const v1 = '/v1'
const passthrough = '/passthrough/'

/** As much of a handler's context as is used: what is not asked for is not made. */
interface Routed {
  readonly request: Request
}

/** The handlers: they find out where a request goes, and hand it to the gateway. */
function proxyHandlers(options: RouterOptions, writeProblem: WriteProblem) {
  const forward = forwarder(options, writeProblem)

  const fixed =
    (endpoint: EndpointName, path: string, protocol: Protocol) =>
    ({ request }: Routed) =>
      forward(request, (arrival) => ({
        endpoint,
        path,
        protocol,
        ...(endpoint === 'embeddings' && { aside: 'embed' as const }),
        provider: chosenProvider(arrival.request),
      }))

  const other = ({ request }: Routed) =>
    forward(request, (arrival) => {
      const path = arrival.path.slice(v1.length)
      if (path === '/') throw new GatewayError('unknown_url')
      return {
        endpoint: 'other',
        path,
        protocol: dialectBelow(path, options.protocols),
        provider: chosenProvider(arrival.request),
      }
    })

  const direct = ({ request }: Routed) =>
    forward(request, ({ path, search }) => {
      const slash = path.indexOf('/', passthrough.length)
      return {
        endpoint: 'passthrough',
        path: path.slice(slash),
        search: withoutKey(search),
        protocol: options.protocols.opaque,
        provider: checkedProvider(path.slice(passthrough.length, slash)),
      }
    })

  return { fixed, other, direct }
}

/** The OpenAI API under `/v1`, and every provider's own under `/passthrough/{provider}`. */
export function proxyRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { chat, completions, responses, opaque } = options.protocols
  const { fixed, other, direct } = proxyHandlers(options, writeProblem)

  const postOnly = refuseMethod(writeProblem, 'POST')
  const chatMethods = refuseMethod(writeProblem, 'GET, HEAD, POST')
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD, POST, PUT, PATCH, DELETE')

  return new Elysia({ name: 'proxy', normalize: false })
    .post(
      '/v1/chat/completions',
      fixed('chat-completions', '/chat/completions', chat),
      proxyDetails.chatCompletions,
    )
    .get('/v1/chat/completions', other, proxyDetails.storedChatCompletions)
    .all('/v1/chat/completions', chatMethods, hidden)
    .post(
      '/v1/completions',
      fixed('completions', '/completions', completions),
      proxyDetails.completions,
    )
    .all('/v1/completions', postOnly, hidden)
    .post('/v1/responses', fixed('responses', '/responses', responses), proxyDetails.responses)
    .all('/v1/responses', postOnly, hidden)
    .post('/v1/embeddings', fixed('embeddings', '/embeddings', opaque), proxyDetails.embeddings)
    .all('/v1/embeddings', postOnly, hidden)
    .use(modelRoutes(options, writeProblem))
    .get('/v1/*', other, hidden)
    .post('/v1/*', other, hidden)
    .put('/v1/*', other, hidden)
    .patch('/v1/*', other, hidden)
    .delete('/v1/*', other, hidden)
    .all('/v1/*', wrongMethod, hidden)
    .all('/passthrough/:provider/*', direct, hidden)
}

/** The list of models is ours: it is merged over the providers. */
function modelRoutes({ models }: RouterOptions, writeProblem: WriteProblem) {
  const wrongMethod = refuseMethod(writeProblem, 'GET, HEAD')
  return new Elysia({ name: 'models', normalize: false })
    .get(
      '/v1/models',
      ({ request }) => models.list(arrivalOf(request).request),
      proxyDetails.models,
    )
    .all('/v1/models', wrongMethod, hidden)
    .get(
      '/v1/models/*',
      ({ request }) => {
        const arrival = arrivalOf(request)
        return models.get(decodedId(arrival.path.slice('/v1/models/'.length)), arrival.request)
      },
      hidden,
    )
}

/** The guard has seen that every percent sign encodes a byte; only broken UTF-8 is left. */
function decodedId(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch (cause) {
    throw new GatewayError('invalid_url', { cause })
  }
}

/** What is spoken below a fixed endpoint: a stored response can be streamed again. */
function dialectBelow(path: string, { chat, responses, opaque }: RouterOptions['protocols']) {
  if (path.startsWith('/responses/')) return responses
  return path === '/chat/completions' || path.startsWith('/chat/completions/') ? chat : opaque
}

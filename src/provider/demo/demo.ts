/**
 * A provider inside the program. It answers like OpenAI's API, out of a word list and in time, so
 * that the first request works without a key, and every fault can be shown without a network.
 */
import type { DemoSettings, ProviderSettings } from '../../config/config.ts'
import { nowMs } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import { addressBelow } from '../address.ts'
import { matchesModel } from '../claims.ts'
import { openaiDial, type Protocols } from '../protocols.ts'
import type { Provider, UpstreamCall } from '../provider.ts'
import { chatVoice } from './chat.ts'
import { completionsVoice } from './completions.ts'
import { embeddingSteps } from './embeddings.ts'
import type { DemoOptions } from './options.ts'
import { pacedBody, wait } from './paced.ts'
import { errorReply, htmlReply, jsonReply, statusReply } from './reply.ts'
import { responsesVoice } from './responses.ts'
import { readRequest, type Script, type ScriptShape, scriptTokens, writeScript } from './script.ts'
import { brokenSteps, streamSteps, tokenDueMs } from './steps.ts'
import { failureMessage, type Voice } from './voice.ts'

/** The endpoints that make text. */
const textEndpoints: Readonly<Record<string, ScriptShape & { voice(script: Script): Voice }>> = {
  '/chat/completions': {
    promptField: 'messages',
    limitFields: ['max_completion_tokens', 'max_tokens'],
    tools: true,
    voice: chatVoice,
  },
  '/completions': {
    promptField: 'prompt',
    limitFields: ['max_tokens'],
    tools: false,
    voice: completionsVoice,
  },
  '/responses': {
    promptField: 'input',
    limitFields: ['max_output_tokens'],
    tools: true,
    voice: responsesVoice,
  },
}

/** What `GET /models` lists. Any other name is answered too: this provider is for trying out. */
export const demoModels = ['stream', 'embedding'] as const
const MODEL_CREATED_SECONDS = 1_767_225_600

/** When paced, what was missed is sent together, in pieces of at most this many steps. */
const LATE_STEPS_MAX = 256

/** Makes the provider. `demoSettings` fill in what a request does not say. */
export function demo(
  settings: ProviderSettings,
  protocols: Protocols,
  demoSettings: DemoSettings,
): Provider {
  return {
    name: settings.name,
    settings,
    family: 'openai',
    dial: openaiDial(protocols),
    // Nobody connects there; the rules for paths hold all the same.
    url: addressBelow('http://demo.invalid'),
    authorize: (headers) => headers.delete('authorization'),
    claims: (model) => /^demo(?:\?|$)/.test(model) || matchesModel(settings.models, model),
    async answer(call, body) {
      call.signal.throwIfAborted()
      try {
        return await route(call, body, demoSettings)
      } catch (thrown) {
        if (thrown instanceof GatewayError) return errorReply(thrown)
        throw thrown
      }
    },
  }
}

async function route(
  call: UpstreamCall,
  body: Uint8Array | null,
  settings: DemoSettings,
): Promise<Response> {
  if (call.path === '/models' || call.path.startsWith('/models/')) return listModels(call)
  const endpoint = Object.hasOwn(textEndpoints, call.path) ? textEndpoints[call.path] : undefined
  if (endpoint === undefined && call.path !== '/embeddings') throw unknown(call)
  if (call.method !== 'POST') throw new GatewayError('method_not_allowed')

  const read = readRequest(body, settings)
  const { options } = read
  if (options.headersMs > 0) await wait(options.headersMs, call.signal)
  const fault = faultReply(options, read.request.stream === true)
  if (fault !== null) return fault

  if (endpoint === undefined) {
    const steps = embeddingSteps(read.request, read.model, options)
    const pace = { startMs: nowMs(), stepsPerChunkMax: 1, signal: call.signal }
    return new Response(pacedBody(steps, pace), { headers: jsonHeaders })
  }
  const script = writeScript(body ?? new Uint8Array(), read, endpoint)
  const voice = endpoint.voice(script)
  return script.stream ? streamed(script, voice, call) : await whole(script, voice, call)
}

function streamed(script: Script, voice: Voice, call: UpstreamCall): Response {
  const { tokensPerSecond, tokensPerChunk } = script.options
  const body = pacedBody(streamSteps(script, voice), {
    startMs: nowMs(),
    stepsPerChunkMax: tokensPerSecond === 0 ? tokensPerChunk : LATE_STEPS_MAX,
    signal: call.signal,
  })
  return new Response(body, {
    headers: { ...eventHeaders, 'x-request-id': `req_${script.id}` },
  })
}

/** Takes as long as the stream would, because that is what callers of a real one wait for. */
async function whole(script: Script, voice: Voice, call: UpstreamCall): Promise<Response> {
  const { options } = script
  await wait(tokenDueMs(options, Math.max(0, script.outputTokens - 1)), call.signal)
  const headers = { ...jsonHeaders, 'x-request-id': `req_${script.id}` }
  if (options.fault?.kind === 'error') return statusReply({ ...options, status: 500 })
  const json = voice.whole([...scriptTokens(script)].join(''))
  if (options.fault === null) return new Response(json, { headers })
  const pace = { startMs: nowMs(), stepsPerChunkMax: 1, signal: call.signal }
  return new Response(pacedBody(brokenSteps(json, options), pace), { headers })
}

/** The faults that take the place of an answer, whatever was asked. */
function faultReply(options: DemoOptions, stream: boolean): Response | null {
  if (options.status !== 200) return statusReply(options)
  switch (options.wholeFault) {
    case 'html':
      return htmlReply(200)
    case 'empty':
      return new Response('', { headers: stream ? eventHeaders : jsonHeaders })
    case 'error-body': {
      const error = { message: failureMessage, type: 'server_error', param: null, code: null }
      return jsonReply(200, { error })
    }
    default:
      return null
  }
}

function listModels(call: UpstreamCall): Response {
  if (call.method !== 'GET') throw new GatewayError('method_not_allowed')
  const entries = demoModels.map((id) => ({
    id,
    object: 'model',
    created: MODEL_CREATED_SECONDS,
    owned_by: 'demo',
  }))
  if (call.path === '/models') return jsonReply(200, { object: 'list', data: entries })
  const entry = entries.find(({ id }) => call.path === `/models/${id}`)
  if (entry === undefined) throw new GatewayError('model_not_found', { param: 'model' })
  return jsonReply(200, entry)
}

function unknown(call: UpstreamCall): GatewayError {
  return new GatewayError('unknown_url', {
    message: `Unknown request URL: ${call.method} ${call.path}. The demo has no such endpoint.`,
  })
}

const eventHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
}

const jsonHeaders = { 'content-type': 'application/json' }

/**
 * AWS Bedrock: `bedrock-runtime.{region}.amazonaws.com`, spoken to in Converse, or, where the
 * operator prefers that for Claude, in Claude's own words through `InvokeModel`.
 */
import type { ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { readCount, writeCountRequest } from '../protocol/bedrock-converse/count-tokens.ts'
import { bedrockConverse } from '../protocol/bedrock-converse.ts'
import * as invoke from '../protocol/bedrock-invoke/request.ts'
import { bedrockInvoke } from '../protocol/bedrock-invoke.ts'
import { readBedrockAnswer, writeBedrockRequest } from '../protocol/embeddings/bedrock.ts'
import { titanInputsMax } from '../protocol/embeddings/bedrock-titan.ts'
import { addressBelow } from './address.ts'
import { type AwsKeys, signAwsCall } from './aws-signature.ts'
import { matchesModel } from './claims.ts'
import { bearer } from './credentials.ts'
import type { Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'
import { translatedDial } from './translated.ts'

/** Names of models (`anthropic.claude-...`), of inference profiles in front of them, and ARNs. */
const ownModels = new RegExp(
  `^(?:arn:aws[a-z-]*:bedrock:|(?:(?:us|us-gov|eu|apac|jp|au|ca|global)\\.)?(?:${[
    'ai21',
    'amazon',
    'anthropic',
    'cohere',
    'deepseek',
    'google',
    'luma',
    'meta',
    'minimax',
    'mistral',
    'moonshot',
    'nvidia',
    'openai',
    'qwen',
    'stability',
    'twelvelabs',
    'writer',
    'zai',
  ].join('|')})\\.[a-z])`,
)

/**
 * Makes the provider, with a Bedrock API key where there is one, else with AWS keys.
 * @throws GatewayError `internal_error` where neither is complete, or where no region is known.
 */
export function bedrock(
  settings: ProviderSettings,
  { opaque }: Pick<Protocols, 'opaque'>,
): Provider {
  const region = regionOf(settings)
  const address = settings.baseUrl || `https://bedrock-runtime.${region}.${domainOf(region)}`
  const invokes = invokedBy(settings)
  return {
    name: settings.name,
    settings,
    family: null,
    dial(call, wanted) {
      const own = invokes(wanted.model) ? bedrockInvoke : bedrockConverse
      const [whole, streamed] = own === bedrockInvoke ? invokeOperations : converseOperations
      return translatedDial(call, wanted, { own, opaque }, (model, { stream }) => {
        return `/model/${encodeModel(model)}/${stream ? streamed : whole}`
      })
    },
    url: addressBelow(address),
    authorize: authorization(settings, region),
    amend(body, { model }, client) {
      return invokes(model) ? invoke.withBetas(body, client.get('anthropic-beta')) : body
    },
    embeddings: {
      name: 'bedrock',
      // Titan takes one text a call.
      inputsMax: titanInputsMax,
      path: (model) => `/model/${encodeModel(model)}/invoke`,
      write: writeBedrockRequest,
      read: readBedrockAnswer,
    },
    counting: {
      name: 'bedrock',
      path: (model) => `/model/${encodeModel(model)}/count-tokens`,
      write: (request) =>
        invokes(request.model) ? invoke.writeCountRequest(request) : writeCountRequest(request),
      read: readCount,
    },
    claims: (model) => ownModels.test(model) || matchesModel(settings.models, model),
  }
}

const converseOperations = ['converse', 'converse-stream'] as const
const invokeOperations = ['invoke', 'invoke-with-response-stream'] as const
const streamingOperation = /\/(?:converse-stream|invoke-with-response-stream)$/

/**
 * Which models are called by `InvokeModel`: none, or Claude. An ARN that hides its model, as those
 * of inference profiles of one's own do, is always called by Converse, which is the same for all.
 * @throws GatewayError `internal_error` for a dialect that there is none of.
 */
function invokedBy({ options }: ProviderSettings): (model: string | null) => boolean {
  const dialect = options?.dialect ?? 'converse'
  if (dialect === 'converse') return () => false
  if (dialect === 'invoke') return (model) => /(?:^|[./])anthropic\./.test(model ?? '')
  throw new GatewayError('internal_error', { message: 'Its dialect is converse or invoke.' })
}

/** A model's id as one segment: `:` and `/`, which ARNs are full of, and RFC 3986's own marks. */
export function encodeModel(model: string): string {
  const toHex = (mark: string): string => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(model).replace(/[!'()*]/g, toHex)
}

/** The region that was set, or the one in the address of an endpoint. */
function regionOf({ options, baseUrl }: ProviderSettings): string {
  const named = /\.([a-z]{2}(?:-[a-z]+)+-\d)\./.exec(URL.parse(baseUrl)?.hostname ?? '')?.[1]
  const region = options?.region ?? named
  if (region === undefined || !/^[a-z0-9-]+$/.test(region)) {
    throw new GatewayError('internal_error', {
      message: 'Bedrock needs a region: set AWS_REGION, or an address that has one in it.',
    })
  }
  return region
}

/** China has a domain of its own. */
function domainOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
}

function authorization(settings: ProviderSettings, region: string): Provider['authorize'] {
  const keys = settings.apiKey === null ? keysOf(settings, region) : null
  const authorizeByKey = bearer(settings.apiKey)
  return (headers, call) => {
    // What a client accepts says nothing about what Bedrock sends.
    const isStream = streamingOperation.test(call.url)
    headers.set('accept', isStream ? 'application/vnd.amazon.eventstream' : 'application/json')
    return keys === null ? authorizeByKey(headers) : signAwsCall(headers, call, keys)
  }
}

function keysOf({ options }: ProviderSettings, region: string): AwsKeys {
  const { accessKeyId, secretAccessKey, sessionToken } = options ?? {}
  if (!accessKeyId || !secretAccessKey) {
    throw new GatewayError('internal_error', {
      message:
        'Bedrock needs AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY.',
    })
  }
  const visible = /^[\x21-\x7e]+$/
  if (![accessKeyId, sessionToken ?? accessKeyId].every((value) => visible.test(value))) {
    throw new GatewayError('internal_error', {
      message: 'AWS keys and session tokens may hold visible ASCII characters only.',
    })
  }
  return { accessKeyId, secretAccessKey, sessionToken: sessionToken ?? null, region }
}

/** AWS Bedrock: `bedrock-runtime.{region}.amazonaws.com`, spoken to in Converse. */
import type { ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { readCount, writeCountRequest } from '../protocol/bedrock-converse/count-tokens.ts'
import { bedrockConverse } from '../protocol/bedrock-converse.ts'
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
  return {
    name: settings.name,
    settings,
    family: null,
    dial: (call, wanted) =>
      translatedDial(call, wanted, { own: bedrockConverse, opaque }, (model, { stream }) => {
        const operation = stream ? 'converse-stream' : 'converse'
        return `/model/${encodeModel(model)}/${operation}`
      }),
    url: addressBelow(address),
    authorize: authorization(settings, region),
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
      write: writeCountRequest,
      read: readCount,
    },
    claims: (model) => ownModels.test(model) || matchesModel(settings.models, model),
  }
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
    // What a client accepts says nothing about what Converse sends.
    const isStream = call.url.endsWith('/converse-stream')
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

/** `streamConfig` in the file: the values of `STREAM_*` that hold for one endpoint each. */
import type { z } from 'zod'
import type { EndpointName, StreamSettings } from '../config.ts'
import { delayMsMax } from '../kinds.ts'
import { streamBounds } from '../stream-bounds.ts'
import { streamVariables } from '../stream-variables.ts'
import { decimal, named, object, text, whole } from './fields.ts'

/** The endpoints by the path that clients call. */
export const endpointPaths: Readonly<Record<string, EndpointName>> = {
  '/v1/chat/completions': 'chat-completions',
  '/v1/completions': 'completions',
  '/v1/responses': 'responses',
  '/v1/messages': 'messages',
  '/v1beta/models/*': 'gemini',
  '/v1/embeddings': 'embeddings',
  '/v1/models': 'models',
  '/v1/*': 'other',
  '/passthrough/*': 'passthrough',
}

const setting = (key: keyof StreamSettings): z.ZodOptional<z.ZodType<number>> => {
  const { min, max, unit } = streamBounds[key]
  const { name, meaning } = streamVariables[key]
  const units = unit === 'ms' ? 'In milliseconds' : 'In bytes'
  return whole(min, max, `${meaning} ${units}; the same as ${name}.`).optional()
}

const streamConfig = (meaning: string) =>
  object('Stream settings', meaning, {
    bufferSize: setting('responseChunkBytes'),
    heartbeatIntervalSecs: decimal(
      0,
      Math.floor(delayMsMax / 1000),
      `${streamVariables.heartbeatIntervalMs.meaning} In seconds.`,
    ).optional(),
    requestChunkBytes: setting('requestChunkBytes'),
    headersTimeoutMs: setting('headersTimeoutMs'),
    firstTokenTimeoutMs: setting('firstTokenTimeoutMs'),
    idleTimeoutMs: setting('idleTimeoutMs'),
    totalTimeoutMs: setting('totalTimeoutMs'),
    clientStallTimeoutMs: setting('clientStallTimeoutMs'),
    eventBytesMax: setting('eventBytesMax'),
    bufferedBytesMax: setting('bufferedBytesMax'),
    flushIntervalMs: setting('flushIntervalMs'),
    holdMs: setting('holdMs'),
    holdBytes: setting('holdBytes'),
  })

/** `streamConfig` of the whole file. */
export const streamSchema = streamConfig('What holds for every endpoint that does not differ.')

const paths = Object.keys(endpointPaths)

const pathSchema = text(
  `must be one of ${paths.join(', ')}`,
  (path) => paths.includes(path),
  'The path of an endpoint.',
).meta({ enum: paths })

/** `endpoints`. */
export const endpointsSchema = named(
  pathSchema,
  object('Endpoint', 'What is different for one endpoint.', {
    streamConfig: streamConfig('What is different for the streams of this endpoint.').optional(),
  }),
  'What is different for single endpoints, by their paths.',
)

/** What one `streamConfig` sets. */
export interface FileStream {
  readonly values: Partial<Readonly<Record<keyof StreamSettings, number>>>
  /** Where each value stands in the file. */
  readonly sources: Partial<Readonly<Record<keyof StreamSettings, string>>>
}

/** What the file says of streams. */
export interface FileStreams {
  readonly common: FileStream
  readonly endpoints: Partial<Readonly<Record<EndpointName, FileStream>>>
}

/** A file that says nothing of streams. */
export const noStreams: FileStreams = { common: { values: {}, sources: {} }, endpoints: {} }

/** Turns `streamConfig` into settings. @param path of it in the file. */
export function streamOf(
  config: Readonly<Record<string, number | undefined>>,
  path: string,
): FileStream {
  const values: Partial<Record<keyof StreamSettings, number>> = {}
  const sources: Partial<Record<keyof StreamSettings, string>> = {}
  for (const key of Object.keys(streamBounds) as (keyof StreamSettings)[]) {
    const own = ownNames[key] ?? key
    const value = config[own]
    if (value === undefined) continue
    values[key] = own === 'heartbeatIntervalSecs' ? Math.round(value * 1000) : value
    sources[key] = `${path}.${own}`
  }
  return { values, sources }
}

/** What is called otherwise in the file, because it was called so before there were others. */
const ownNames: Partial<Readonly<Record<keyof StreamSettings, string>>> = {
  responseChunkBytes: 'bufferSize',
  heartbeatIntervalMs: 'heartbeatIntervalSecs',
}

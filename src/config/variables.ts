/**
 * The one table of everything the environment can say. Parsing, `--check`, `--print-env`,
 * `.env.example` and the README's table all come from it, so that they cannot disagree.
 */
import { availableParallelism } from 'node:os'
import { host } from './address-kinds.ts'
import { databaseVariables } from './database-variables.ts'
import {
  duration,
  flag,
  gibibyte,
  integer,
  integerOrAuto,
  kibibyte,
  mebibyte,
  oneOf,
  secret,
  size,
  text,
} from './kinds.ts'
import { ledgerVariables } from './ledger-variables.ts'
import { ascendingSizes, origins, secrets } from './list-kinds.ts'
import { logVariables } from './log-variables.ts'
import { overloadVariables } from './overload-variables.ts'
import { knownProviderRows, providerVariables } from './provider-variables.ts'
import { resilienceVariables } from './resilience-variables.ts'
import { resumeVariables } from './resume-variables.ts'
import { streamVariables } from './stream-variables.ts'
import { telemetryVariables } from './telemetry-variables.ts'
import { inGroup, type Variable } from './variable.ts'

const server = inGroup('Server')
const access = inGroup('Access')
const request = inGroup('Requests')
const pool = inGroup('Buffer pool')

/** The variables with a fixed name and one value for the whole program. */
export const variables = {
  host: server('HOST', host, '127.0.0.1', 'Address to listen on; 0.0.0.0 is every IPv4 interface.'),
  port: server('PORT', integer(0, 65_535), '3000', 'Port to listen on; 0 takes any free one.'),
  configFile: server(
    'CONFIG_FILE',
    text,
    '',
    'JSON file with routes and what else has structure; read again when it changes.',
  ),
  workers: server(
    'WORKERS',
    integerOrAuto(1, 256, availableParallelism),
    '1',
    'Processes that share the port; auto is one for each processor core. ' +
      'Each has a queue of its own, and the concurrency of providers and targets for itself.',
  ),
  tlsCertFile: server('TLS_CERT_FILE', text, '', 'Certificate chain in PEM; turns on HTTPS.'),
  tlsKeyFile: server('TLS_KEY_FILE', text, '', 'Private key of the certificate, in PEM.'),
  // Below the 30 s after which Kubernetes kills, so that the last error event still gets out.
  shutdownGraceMs: server(
    'SHUTDOWN_GRACE_MS',
    duration(),
    '25000',
    'How long streams may go on after SIGTERM before they get an error event.',
  ),

  metrics: server(
    'METRICS',
    oneOf(['on', 'off']),
    'on',
    'Whether GET /metrics tells Prometheus what was counted.',
  ),

  apiKeys: access(
    'API_KEYS',
    secrets,
    '',
    'Keys that clients must present one of, with commas between them; none lets everyone in.',
    'secret',
  ),
  adminToken: access(
    'ADMIN_TOKEN',
    secret,
    '',
    'Bearer token of the operations endpoints.',
    'secret',
  ),
  allowAnonymous: access(
    'ALLOW_ANONYMOUS',
    flag,
    '0',
    'Permits a public HOST with a provider key but without API_KEYS.',
  ),
  corsOrigins: access(
    'CORS_ORIGINS',
    origins,
    '',
    'Web origins that browsers may call from, with commas between them; * is any.',
  ),

  // OpenAI takes files of up to 512 MB and the bytes only pass through, so a smaller bound would
  // break uploads that work without this program, and a larger one would help nobody.
  requestBytesMax: request(
    'MAX_REQUEST_BYTES',
    size(kibibyte, 64 * gibibyte),
    '512m',
    'The largest request body accepted; the default is the largest file OpenAI takes.',
  ),
  memoryBytesMax: request(
    'STREAM_REPLAY_MEMORY_BYTES',
    size(0, gibibyte),
    '1m',
    'Up to this size a request body is kept in memory, so that it can be sent again.',
  ),
  spoolDirectory: request(
    'STREAM_SPOOL_DIRECTORY',
    text,
    '',
    "Where larger bodies wait; sluice-spool in the system's temporary directory when not set.",
  ),
  spoolBytesMax: request(
    'STREAM_SPOOL_MAX_BYTES',
    size(0, 1024 * gibibyte),
    '1g',
    'Bytes of all spool files of one worker together, at most.',
  ),
  jsonDepthMax: request(
    'STREAM_JSON_MAX_DEPTH',
    integer(8, 10_000),
    '128',
    'Nesting of a JSON request, at most.',
  ),
  bodyIdleTimeoutMs: request(
    'STREAM_BODY_IDLE_TIMEOUT_MS',
    duration(),
    '30000',
    'How long a client may pause in the middle of its request body. 0 is for ever.',
  ),

  poolEnabled: pool(
    'STREAM_BUFFER_POOL_ENABLED',
    flag,
    '1',
    'Whether buffers are used again; 0 allocates each of them.',
  ),
  poolTiers: pool(
    'STREAM_BUFFER_POOL_TIERS',
    ascendingSizes(kibibyte, 16 * mebibyte, 16),
    '4k,8k,16k,32k,64k,128k',
    'Sizes of the buffers, ascending.',
  ),
  poolBytesMax: pool(
    'STREAM_BUFFER_POOL_MAX_BYTES',
    size(64 * kibibyte, 64 * gibibyte),
    '256m',
    'Bytes that the pool of one worker may hold; beyond it buffers are allocated and counted.',
  ),
  poolIdleTrimMs: pool(
    'STREAM_BUFFER_POOL_IDLE_TRIM_MS',
    duration(),
    '30000',
    'A free buffer is given up after this time. 0 is never.',
  ),
} as const

/** Every row with a fixed name. */
export const fixedVariables: readonly Variable<unknown>[] = [
  ...Object.values(variables),
  ...Object.values(logVariables),
  ...Object.values(databaseVariables),
  ...Object.values(ledgerVariables),
  ...knownProviderRows.flatMap(({ keys, address, options }) => [
    ...keys,
    address,
    ...options.map(({ row }) => row),
  ]),
  ...Object.values(providerVariables),
  ...Object.values(streamVariables),
  ...Object.values(resilienceVariables),
  ...Object.values(resumeVariables),
  ...Object.values(overloadVariables),
  ...Object.values(telemetryVariables),
]

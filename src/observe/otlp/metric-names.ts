/**
 * What a metric and its labels are called by OpenTelemetry. The names of Prometheus are made of
 * those by rule: dots become underscores, the unit stands behind, and a counter ends in `_total`.
 * This is the way back, so that a collector that writes for Prometheus comes to the same names.
 */
import {
  METRIC_GEN_AI_CLIENT_TOKEN_USAGE,
  METRIC_GEN_AI_SERVER_REQUEST_DURATION,
  METRIC_GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN,
  METRIC_GEN_AI_SERVER_TIME_TO_FIRST_TOKEN,
  METRIC_PROCESS_CPU_TIME,
  METRIC_PROCESS_MEMORY_USAGE,
  METRIC_PROCESS_UNIX_FILE_DESCRIPTOR_COUNT,
} from '@opentelemetry/semantic-conventions/incubating'

/** A metric as its descriptor has it. */
export interface OtelName {
  readonly name: string
  /** In UCUM, as the conventions want it. */
  readonly unit: string
}

/** Those that the conventions have. */
const conventional: ReadonlyMap<string, OtelName> = new Map([
  [
    'gen_ai_server_request_duration_seconds',
    { name: METRIC_GEN_AI_SERVER_REQUEST_DURATION, unit: 's' },
  ],
  [
    'gen_ai_server_time_to_first_token_seconds',
    { name: METRIC_GEN_AI_SERVER_TIME_TO_FIRST_TOKEN, unit: 's' },
  ],
  [
    'gen_ai_server_time_per_output_token_seconds',
    { name: METRIC_GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN, unit: 's' },
  ],
  ['gen_ai_client_token_usage', { name: METRIC_GEN_AI_CLIENT_TOKEN_USAGE, unit: '{token}' }],
  ['process_cpu_seconds_total', { name: METRIC_PROCESS_CPU_TIME, unit: 's' }],
  ['process_resident_memory_bytes', { name: METRIC_PROCESS_MEMORY_USAGE, unit: 'By' }],
  ['process_open_fds', { name: METRIC_PROCESS_UNIX_FILE_DESCRIPTOR_COUNT, unit: '{count}' }],
])

/** What the resource says already, or the operating system's own exporters do. */
const leftOut: ReadonlySet<string> = new Set([
  'sluice_build_info',
  'process_max_fds',
  'process_start_time_seconds',
])

/** The name of a metric of ours; null for one that is not sent. */
export function otelNameOf(name: string): OtelName | null {
  if (leftOut.has(name)) return null
  const known = conventional.get(name)
  if (known !== undefined) return known
  const bare = name.replace(/_total$/, '').replace(/^sluice_/, 'sluice.')
  // A name that ends in its unit is not given it again; without it `client_bytes` says nothing.
  if (bare.endsWith('_bytes')) return { name: bare, unit: 'By' }
  const stem = bare.replace(/_seconds$/, '')
  return { name: stem, unit: stem === bare ? '1' : 's' }
}

/** Labels that the conventions have. */
const attributeNames: ReadonlyMap<string, string> = new Map([
  ['gen_ai_operation_name', 'gen_ai.operation.name'],
  ['gen_ai_provider_name', 'gen_ai.provider.name'],
  ['gen_ai_request_model', 'gen_ai.request.model'],
  ['gen_ai_response_model', 'gen_ai.response.model'],
  ['gen_ai_token_type', 'gen_ai.token.type'],
  ['error_type', 'error.type'],
])

/** The name of an attribute for a label of ours. */
export const attributeNameOf = (label: string): string => attributeNames.get(label) ?? label

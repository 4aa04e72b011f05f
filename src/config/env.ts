/** From the environment to the frozen configuration, or to every reason why there is none. */
import { accessSync, constants } from 'node:fs'
import { isIPv4 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, type EndpointName, endpointNames, type StreamSettings } from './config.ts'
import { deepFrozen } from './frozen.ts'
import { providerVariables } from './provider-variables.ts'
import { readDefaultProvider, readProviders } from './providers.ts'
import { Reader, type Setting } from './reader.ts'
import { resilienceSettings } from './resilience-variables.ts'
import { streamSettings } from './stream-variables.ts'
import { overrideName, unknownNames } from './unknown-names.ts'
import type { Environment } from './variable.ts'
import { fixedVariables, variables } from './variables.ts'

/** What `loadConfig` found out. */
export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly settings: readonly Setting[] }
  /** One line for each wrong value: variable, rule, value. Secrets in them are masked. */
  | { readonly ok: false; readonly problems: readonly string[] }

/** What is known about the process and not from its environment. */
export interface Surroundings {
  /** Whether the log goes to a terminal, for `LOG_FORMAT=auto`. */
  readonly terminal: boolean
}

/** Reads and checks the whole environment. Never throws; the configuration is frozen deeply. */
export function loadConfig(
  environment: Environment,
  surroundings: Surroundings = { terminal: false },
): Loaded {
  const reader = new Reader(environment)
  const { config, named } = readAll(reader, surroundings)
  const problems = [...reader.problems, ...unknownNames(environment, [...fixedVariables, ...named])]
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, config: deepFrozen(config), settings: reader.settings }
}

function readAll(reader: Reader, surroundings: Surroundings) {
  const read = reader.read.bind(reader)
  const automaticFormat = surroundings.terminal ? 'pretty' : 'json'
  const formatted = (format: 'auto' | 'json' | 'pretty') =>
    format === 'auto' ? automaticFormat : format
  const base = {
    host: read(variables.host),
    port: read(variables.port),
    workers: read(variables.workers),
    tls: readTls(reader),
    logLevel: read(variables.logLevel),
    logFormat: formatted(read(variables.logFormat)),
    shutdownGraceMs: read(variables.shutdownGraceMs),
    apiKeys: read(variables.apiKeys),
    adminToken: read(variables.adminToken),
    corsOrigins: read(variables.corsOrigins),
  } as const
  const allowAnonymous = read(variables.allowAnonymous)
  const { providers, named } = readProviders(reader)
  const hasKey = providers.some((provider) => provider.apiKey !== null)
  if (!isLoopback(base.host) && hasKey && base.apiKeys.length === 0 && !allowAnonymous) {
    const rule =
      `must be set when HOST is ${base.host} and a provider has a key, because anyone could ` +
      'spend it (or set ALLOW_ANONYMOUS=1)'
    reader.reject(variables.apiKeys, rule, '')
  }
  const config: Config = {
    ...base,
    providers,
    defaultProvider: readDefaultProvider(reader, providers),
    upstreamProxy: read(providerVariables.upstreamProxy),
    demo: {
      tokens: read(providerVariables.demoTokens),
      tokensPerSecond: read(providerVariables.demoTokensPerSecond),
    },
    stream: readStreams(reader),
    routes: [],
    configFile: read(variables.configFile),
    resilience: resilienceSettings(read),
    intake: readIntake(reader),
    bufferPool: readPool(reader),
  }
  return { config, named }
}

/** Both files or none. Whether they can be read is said here, what is in them by the worker. */
function readTls(reader: Reader): Config['tls'] {
  const certFile = reader.read(variables.tlsCertFile)
  const keyFile = reader.read(variables.tlsKeyFile)
  for (const [variable, file] of [
    [variables.tlsCertFile, certFile],
    [variables.tlsKeyFile, keyFile],
  ] as const) {
    if (file === null && certFile !== keyFile) {
      reader.reject(variable, 'must be set together with its counterpart', '')
    } else if (file !== null && !isReadable(file)) {
      reader.reject(variable, 'must be a file that can be read', file)
    }
  }
  return certFile !== null && keyFile !== null ? { certFile, keyFile } : null
}

function readStreams(reader: Reader): Config['stream'] {
  const common = streamSettings((variable) => reader.read(variable))
  const forEndpoint = (endpoint: EndpointName): StreamSettings => {
    const own = streamSettings((variable) => {
      const name = overrideName(variable.name, endpoint)
      return reader.isGiven(name) ? reader.read({ ...variable, name }) : Number.NaN
    })
    const entries = Object.entries(own).filter(([, value]) => !Number.isNaN(value))
    return { ...common, ...Object.fromEntries(entries) }
  }
  // One entry for each name of the list; the types of `fromEntries` cannot say so.
  return Object.fromEntries(
    endpointNames.map((endpoint) => [endpoint, forEndpoint(endpoint)]),
  ) as Record<EndpointName, StreamSettings>
}

function readIntake(reader: Reader): Config['intake'] {
  return {
    requestBytesMax: reader.read(variables.requestBytesMax),
    memoryBytesMax: reader.read(variables.memoryBytesMax),
    spoolDirectory: reader.read(variables.spoolDirectory) ?? join(tmpdir(), 'sluice-spool'),
    spoolBytesMax: reader.read(variables.spoolBytesMax),
    jsonDepthMax: reader.read(variables.jsonDepthMax),
    bodyIdleTimeoutMs: reader.read(variables.bodyIdleTimeoutMs),
  }
}

function readPool(reader: Reader): Config['bufferPool'] {
  const tiersBytes = reader.read(variables.poolTiers)
  const bytesMax = reader.read(variables.poolBytesMax)
  const largest = tiersBytes.at(-1) ?? 0
  if (largest > bytesMax) {
    const rule = `must be at least the largest tier, ${largest}`
    reader.reject(variables.poolBytesMax, rule, String(bytesMax))
  }
  return {
    enabled: reader.read(variables.poolEnabled),
    tiersBytes,
    bytesMax,
    idleTrimMs: reader.read(variables.poolIdleTrimMs),
  }
}

/** Whether only programs on this machine can reach the address. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/**
 * From the environment, and the file that it names, to the frozen configuration, or to every reason
 * why there is none.
 */
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isLoopback } from './address-kinds.ts'
import type { Config } from './config.ts'
import { databaseVariables } from './database-variables.ts'
import { readConfigFile } from './file/read.ts'
import { deepFrozen } from './frozen.ts'
import { ledgerSettings } from './ledger-variables.ts'
import { logFormat, logSettings, logVariables, profileSettings } from './log-variables.ts'
import { overloadSettings } from './overload-variables.ts'
import { providerVariables } from './provider-variables.ts'
import { readDefaultProvider, readProviders } from './providers.ts'
import { Reader, type Setting } from './reader.ts'
import { resilienceSettings } from './resilience-variables.ts'
import { resumeSettings } from './resume-variables.ts'
import { readStreams } from './streams.ts'
import { telemetrySettings } from './telemetry-variables.ts'
import { unknownNames } from './unknown-names.ts'
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

/** Reads and checks environment and file. Never throws; the configuration is frozen deeply. */
export function loadConfig(
  environment: Environment,
  surroundings: Surroundings = { terminal: false },
): Loaded {
  const reader = new Reader(environment)
  const { config, named, file } = readAll(reader, environment, surroundings)
  const unknown = unknownNames(environment, [...fixedVariables, ...named])
  const problems = [...reader.problems, ...unknown, ...file.problems]
  if (problems.length > 0) return { ok: false, problems }
  const settings = [...reader.settings, ...file.settings]
  return { ok: true, config: deepFrozen(config), settings }
}

function readAll(reader: Reader, environment: Environment, surroundings: Surroundings) {
  const read = reader.read.bind(reader)
  const { terminal } = surroundings
  const base = {
    host: read(variables.host),
    port: read(variables.port),
    workers: read(variables.workers),
    tls: readTls(reader),
    logLevel: read(logVariables.logLevel),
    logFormat: logFormat(read, terminal),
    log: logSettings(read, terminal),
    profile: profileSettings(read),
    shutdownGraceMs: read(variables.shutdownGraceMs),
    adminToken: read(variables.adminToken),
    corsOrigins: read(variables.corsOrigins),
  } as const
  const allowAnonymous = read(variables.allowAnonymous)
  const ownKeys = read(variables.apiKeys)
  const { providers: enabled, named } = readProviders(reader)
  const configFile = read(variables.configFile)
  const file = readConfigFile(configFile, enabled, environment)
  const { providers } = file
  const apiKeys = [...new Set([...ownKeys, ...file.keys.map(({ key }) => key)])]
  const requireApiKey = read(databaseVariables.requireApiKey)
  const hasKey = providers.some((provider) => provider.apiKey !== null)
  const isOpen = apiKeys.length === 0 && !requireApiKey
  if (!isLoopback(base.host) && hasKey && isOpen && !allowAnonymous) {
    const rule =
      `must be set when HOST is ${base.host} and a provider has a key, because anyone could ` +
      'spend it (or set REQUIRE_API_KEY=1, or ALLOW_ANONYMOUS=1)'
    reader.reject(variables.apiKeys, rule, '')
  }
  const config: Config = {
    ...base,
    apiKeys,
    keys: file.keys,
    limits: file.limits,
    alerts: file.alerts,
    requireApiKey,
    keySecrets: read(databaseVariables.keySecrets),
    redisUrl: read(databaseVariables.redisUrl),
    limitsTimeoutMs: read(databaseVariables.limitsTimeoutMs),
    databaseUrl: read(databaseVariables.databaseUrl),
    ledger: ledgerSettings(reader),
    providers,
    defaultProvider: readDefaultProvider(reader, providers),
    upstreamProxy: read(providerVariables.upstreamProxy),
    demo: {
      tokens: read(providerVariables.demoTokens),
      tokensPerSecond: read(providerVariables.demoTokensPerSecond),
    },
    stream: readStreams(reader, file.streams),
    routes: file.routes,
    prices: file.prices,
    configFile,
    version: { count: 1, hash: file.hash },
    resilience: resilienceSettings(read),
    overload: overloadSettings(read),
    resume: resumeSettings(read),
    intake: readIntake(reader),
    bufferPool: readPool(reader),
    metrics: read(variables.metrics) === 'on',
    telemetry: telemetrySettings(reader),
  }
  return { config, named, file }
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

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

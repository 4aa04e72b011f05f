/** Reads `CONFIG_FILE`: one look at the disk, and every problem at once. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { z } from 'zod'
import { isObject } from '../../core/json.ts'
import { type AlertSettings, noAlerts } from '../alert-rules.ts'
import type { KeySettings } from '../client-key.ts'
import {
  type LimitSettings,
  noLimits,
  type ProviderSettings,
  type RouteSettings,
} from '../config.ts'
import type { Prices } from '../prices.ts'
import type { Setting } from '../reader.ts'
import { type Environment, masked, withoutCredentials } from '../variable.ts'
import { alertsOf, checkAlerts, shownAlerts } from './alerts.ts'
import { readJson } from './json.ts'
import { checkKeys, keysOf, shownKey } from './keys.ts'
import { limitSettingsOf } from './limits.ts'
import { pricesOf } from './prices.ts'
import { type Path, pathText, problemLine, problemLines } from './problems.ts'
import { mergedProviders } from './providers.ts'
import { routesOf } from './routes.ts'
import { fileSchema, sections } from './schema.ts'
import { endpointPaths, type FileStreams, noStreams, streamOf } from './streams.ts'

/** What a file adds to the environment. */
export interface FileRead {
  /** With those of the environment. */
  readonly providers: readonly ProviderSettings[]
  readonly routes: readonly RouteSettings[]
  readonly streams: FileStreams
  /** Further keys of clients. */
  readonly keys: readonly KeySettings[]
  /** What all clients together may use of models and providers. */
  readonly limits: LimitSettings
  /** Prices by `provider/model`, in place of those of the program. */
  readonly prices: Prices
  readonly alerts: AlertSettings
  /** The first characters of the SHA-256 of its bytes; empty where there is no file. */
  readonly hash: string
  /** What it says, as it may be shown. */
  readonly settings: readonly Setting[]
  /** One line for each thing wrong with it. */
  readonly problems: readonly string[]
}

/** More than any configuration needs; whatever is larger was named by mistake. */
const FILE_BYTES_MAX = 4 * 1024 * 1024

/** What an unreadable file says, and what no file says. */
const nothing = {
  routes: [],
  streams: noStreams,
  keys: [],
  limits: noLimits,
  prices: {},
  alerts: noAlerts,
  hash: '',
  settings: [],
} as const

/**
 * Reads the file and lays it over what the environment enables. Never throws.
 * @param file null where there is none.
 */
export function readConfigFile(
  file: string | null,
  enabled: readonly ProviderSettings[],
  environment: Environment,
): FileRead {
  const none = { ...nothing, providers: enabled }
  if (file === null) return { ...none, problems: [] }
  const content = contentOf(file)
  if (!content.ok) return { ...none, problems: [content.problem] }
  const hash = createHash('sha256').update(content.bytes).digest('hex').slice(0, 8)
  const json = readJson(content.bytes.toString('utf8'))
  if (!json.ok) {
    const problems = json.problems.map(({ path, rule }) => `${pathText(path)}: ${rule}`)
    return { ...none, hash, problems }
  }
  return { ...readValue(json.value, enabled, environment), hash }
}

type Content =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly problem: string }

function contentOf(file: string): Content {
  const wrong = (rule: string, got: string): Content => ({
    ok: false,
    problem: `CONFIG_FILE: must be ${rule}, got ${got}`,
  })
  try {
    const stat = statSync(file)
    if (!stat.isFile()) return wrong('a file', 'a directory or a device')
    if (stat.size > FILE_BYTES_MAX) return wrong('4 MiB at most', `${stat.size} bytes`)
    return { ok: true, bytes: readFileSync(file) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    return wrong('a file that can be read', code)
  }
}

/** The sections are checked one by one, so that a fault in one hides none in another. */
function readValue(
  value: unknown,
  enabled: readonly ProviderSettings[],
  environment: Environment,
): Omit<FileRead, 'hash'> {
  const given = isObject(value) ? value : {}
  const own = isObject(given.providers) ? Object.keys(given.providers) : []
  const names = [...new Set([...enabled.map(({ name }) => name), ...own])]
  const parts = sections({ providers: names, environment })
  const whole = fileSchema(parts).safeParse(value)
  const problems = whole.success ? [] : problemLines(value, whole.error.issues)
  const reject = (path: Path, rule: string) => problems.push(problemLine(value, path, rule))
  const part = <Schema extends z.ZodType>(name: string, schema: Schema) =>
    given[name] === undefined ? undefined : schema.safeParse(given[name]).data

  const entries = part('providers', parts.providers) ?? {}
  const merged = mergedProviders(enabled, entries, environment)
  for (const { path, rule } of merged.problems) reject(['providers', ...path], rule)

  const keys = part('keys', parts.keys) ?? []
  checkKeys(keys, environment, reject)

  const routes = routesOf(part('routes', parts.routes) ?? {})
  const limits = limitSettingsOf(part('limits', parts.limits) ?? {})
  const prices = pricesOf(part('prices', parts.prices) ?? {})
  const fileAlerts = part('alerts', parts.alerts) ?? {}
  const known = { routes: routes.map(({ name }) => name), keys: keys.map(({ name }) => name) }
  checkAlerts(fileAlerts, known, reject)
  const alerts = alertsOf(fileAlerts, environment)
  const { providers } = merged
  return {
    providers,
    routes,
    streams: {
      common: streamOf(part('streamConfig', parts.streamConfig) ?? {}, 'streamConfig'),
      endpoints: endpointStreams(part('endpoints', parts.endpoints) ?? {}),
    },
    keys: keysOf(keys, environment),
    limits,
    prices,
    alerts,
    settings: [
      ...providers.filter(({ name }) => Object.hasOwn(entries, name)).flatMap(shownProvider),
      ...routes.flatMap(shownRoute),
      ...keys.map((key, index) => shownKey(key, index, environment)),
      ...shownLimits(limits),
      ...Object.entries(prices).map(([name, price]) =>
        shown(['prices', name], JSON.stringify(price)),
      ),
      ...shownAlerts(alerts),
    ],
    problems,
  }
}

function endpointStreams(
  endpoints: Readonly<Record<string, { streamConfig?: Readonly<Record<string, number>> }>>,
): FileStreams['endpoints'] {
  const entries = Object.entries(endpoints).flatMap(([path, { streamConfig }]) => {
    const name = endpointPaths[path]
    if (name === undefined || streamConfig === undefined) return []
    return [[name, streamOf(streamConfig, pathText(['endpoints', path, 'streamConfig']))]]
  })
  return Object.fromEntries(entries)
}

const shown = (path: Path, text: string): Setting => ({ name: pathText(path), text, given: true })

function shownLimits({ models, providers }: LimitSettings): Setting[] {
  return Object.entries({ models, providers }).flatMap(([what, all]) =>
    all.map(({ name, limits }) => {
      const words = Object.entries(limits).filter(([, limit]) => limit !== null)
      const text = words.map(([field, limit]) => `${field}=${limit}`).join(' ')
      return shown(['limits', what, name], text)
    }),
  )
}

function shownProvider(provider: ProviderSettings): Setting[] {
  const { name, kind, baseUrl, apiKey, furtherApiKeys = [], models, concurrencyMax } = provider
  const keys = [...(apiKey === null ? [] : [apiKey]), ...furtherApiKeys].map(masked)
  const most = concurrencyMax === undefined ? '' : `concurrency=${concurrencyMax}`
  const words = [kind, withoutCredentials(baseUrl), keys.join(','), models.join(','), most]
  return [shown(['providers', name], words.filter((word) => word !== '').join(' '))]
}

function shownRoute({ name, strategy, midstream, hedge, targets }: RouteSettings): Setting[] {
  const traits = `${strategy} midstream=${midstream} hedge=${hedge ? 1 : 0}`
  return [
    shown(['routes', name], traits),
    ...targets.map(({ model, ...own }, index) => {
      const differing = Object.entries({ ...own, ...own.clocks, clocks: null })
        .filter(
          ([key, value]) => value !== null && value !== false && !(key === 'weight' && value === 1),
        )
        .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
      return shown(['routes', name, 'targets', index], `${model}${differing.join('')}`)
    }),
  ]
}

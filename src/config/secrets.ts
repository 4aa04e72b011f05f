/** The secrets that a configuration holds, so that whoever writes something can leave them out. */
import type { Config, ProviderSettings } from './config.ts'
import { knownProviders } from './known-providers.ts'

const secretOptions: ReadonlySet<string> = new Set(
  knownProviders.flatMap(({ options = [] }) =>
    options.filter(({ secret }) => secret === true).map(({ option }) => option),
  ),
)

/** All of them, in the forms in which they could occur in a text; without order, some twice. */
export function secretsOf(config: Config): readonly string[] {
  const addresses = [config.redisUrl, config.databaseUrl, config.upstreamProxy]
  return [
    config.adminToken,
    ...config.apiKeys,
    ...config.keys.map(({ key }) => key),
    ...config.keySecrets,
    // The path of a webhook's address is often all that keeps others from writing there.
    ...(config.alerts.webhook === null
      ? []
      : [config.alerts.webhook.secret, config.alerts.webhook.url]),
    ...config.providers.flatMap(ofProvider),
    ...Object.values(config.telemetry?.headers ?? {}),
    ...addresses.flatMap(passwordsOf),
  ].filter((secret): secret is string => secret !== null && secret !== '')
}

function ofProvider(provider: ProviderSettings): readonly (string | null)[] {
  const options = Object.entries(provider.options ?? {})
    .filter(([option]) => secretOptions.has(option))
    .map(([, value]) => value)
  const { apiKey, furtherApiKeys = [], baseUrl } = provider
  return [apiKey, ...furtherApiKeys, ...options, ...passwordsOf(baseUrl)]
}

/** The password of an address as it is written there and as it is meant. */
function passwordsOf(address: string | null): readonly string[] {
  if (address === null || !URL.canParse(address)) return []
  const { password } = new URL(address)
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}

/**
 * Every kind of provider, in one explicit list: the executable holds exactly these, and nothing is
 * looked up by a path made at run time. A new kind is one file and one line here.
 */
import type { DemoSettings, ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { compatible } from './compatible.ts'
import { demo } from './demo/demo.ts'
import { openai } from './openai.ts'
import type { Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'

/** Makes one provider from its settings. */
type ProviderFactory = (
  settings: ProviderSettings,
  protocols: Protocols,
  demoSettings: DemoSettings,
) => Provider

const kinds: Readonly<Record<string, ProviderFactory>> = {
  openai,
  'openai-compatible': compatible,
  demo,
}

/**
 * The enabled providers by name, in the order of `settings`; the order decides between two that
 * claim one model name.
 *
 * @throws GatewayError `internal_error` for a name that occurs twice, an address or a key that
 * cannot be used; the message names the provider and never the key.
 */
export function buildProviders(
  settings: readonly ProviderSettings[],
  demoSettings: DemoSettings,
  protocols: Protocols,
): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>()
  for (const entry of settings) {
    if (providers.has(entry.name)) throw misconfigured(entry.name, 'It is configured twice.')
    try {
      const make = kinds[entry.kind] ?? compatible
      providers.set(entry.name, make(entry, protocols, demoSettings))
    } catch (thrown) {
      throw misconfigured(entry.name, thrown instanceof GatewayError ? thrown.message : '')
    }
  }
  return providers
}

function misconfigured(name: string, why: string): GatewayError {
  return new GatewayError('internal_error', {
    message: `The provider \`${name}\` cannot be used. ${why}`.trim(),
  })
}

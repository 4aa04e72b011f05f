/** Handing a request to the gateway: what every forwarded route has in common. */
import { GatewayError } from '../core/errors.ts'
import type { Call } from '../provider/call.ts'
import { type Arrival, arrivalOf } from './arrival.ts'
import type { RouterOptions } from './options.ts'
import type { WriteProblem } from './problem.ts'

/** What a route makes of a request, before anybody reads its body. */
export type Destination = Omit<Call, 'search'> & { readonly search?: string }

/** Hands a routed request on. What `find` or the gateway throws is written in the dialect. */
export type Forward = (
  routed: Request,
  find: (arrival: Arrival) => Destination,
) => Promise<Response>

/** As in `ProviderSettings.name`. */
const providerName = /^[a-z0-9-]+$/

/** Makes the function that every forwarded route ends in. */
export function forwarder(options: RouterOptions, writeProblem: WriteProblem): Forward {
  return async (routed, find) => {
    const arrival = arrivalOf(routed)
    const { request, search, connection } = arrival
    const destination = find(arrival)
    try {
      return await options.gateway(request, { search, ...destination }, connection)
    } catch (thrown) {
      return writeProblem(thrown, destination.protocol)
    }
  }
}

/** The provider that the client names in a header, or null. */
export function chosenProvider(request: Request): string | null {
  const value = request.headers.get('x-sluice-provider')?.trim() ?? ''
  if (value === '') return null
  if (providerName.test(value)) return value
  throw new GatewayError('invalid_header', {
    message: "The header 'x-sluice-provider' is not the name of a provider.",
    param: 'x-sluice-provider',
  })
}

/** The provider that a path names. @throws GatewayError `provider_not_found`. */
export function checkedProvider(name: string): string {
  if (providerName.test(name)) return name
  throw new GatewayError('provider_not_found')
}

/** A query without the credential that Gemini's clients may put there. */
export function withoutKey(search: string): string {
  if (!/[?&]key=/.test(search)) return search
  const parameters = new URLSearchParams(search)
  parameters.delete('key')
  return parameters.size === 0 ? '' : `?${parameters}`
}

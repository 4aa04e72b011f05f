/** What a key may be used for: which models, routes and providers. */
import { isInScope } from '../config/client-key.ts'
import { GatewayError } from '../core/errors.ts'
import type { Plan } from '../provider/call.ts'
import type { KeyRecord } from './keys.ts'

/**
 * The plan without the targets that the key may not use.
 * @param model as the client wrote it, or null where the endpoint has none.
 * @throws GatewayError `forbidden` for a model or route that is not in scope, or without a target.
 */
export function planInScope(
  key: Pick<KeyRecord, 'scopes'> | null,
  model: string | null,
  plan: Plan,
): Plan {
  const own = key === null ? plan : ownPart(key, model, plan)
  if (own === null) throw forbidden(model)
  return own
}

/** Whether a key is for some models, routes or providers only. */
export const isScoped = ({ scopes: { models, routes, providers } }: Pick<KeyRecord, 'scopes'>) =>
  models !== null || routes !== null || providers !== null

/** As `planInScope`, but null for what is not in scope. */
export function ownPart(
  key: Pick<KeyRecord, 'scopes'>,
  model: string | null,
  plan: Plan,
): Plan | null {
  const { models, routes, providers } = key.scopes
  const route = plan.route?.name ?? null
  const isFree = models === null && routes === null
  const isOwnRoute = routes !== null && route !== null && isInScope(routes, route)
  const isOwnModel = models !== null && model !== null && isInScope(models, model)
  if (!isFree && !isOwnRoute && !isOwnModel) return null
  if (providers === null) return plan
  const [first, ...rest] = plan.targets.filter(({ provider }) =>
    isInScope(providers, provider.name),
  )
  return first === undefined ? null : { ...plan, targets: [first, ...rest] }
}

function forbidden(model: string | null): GatewayError {
  const what = model === null ? 'call this endpoint' : 'use this model'
  return new GatewayError('forbidden', {
    message: `This key may not ${what}.`,
    ...(model === null ? {} : { param: 'model' }),
  })
}

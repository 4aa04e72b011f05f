/** `routes` in the file: the operator's own model names, and who answers for them. */
import { z } from 'zod'
import { type RouteSettings, routeStrategies, type TargetSettings } from '../config.ts'
import { streamBounds } from '../stream-bounds.ts'
import { streamVariables } from '../stream-variables.ts'
import { decimal, list, named, object, text, toggle, whole, word } from './fields.ts'
import { priceSchema } from './prices.ts'

/** Targets of one route, at most. */
const TARGETS_MAX = 16

const nameRule =
  'must be a name of 1 to 200 characters without control characters, where only the last may be *'

/** No control characters, and `*` at the end only. */
const namePattern = /^(?=[\s\S]{1,200}$)[^\u0000-\u001f\u007f-\u009f*]*\*?$/

const targetRule = 'must be provider/model, or provider/* to pass the name on that was asked for'

const targetPattern = /^[a-z][a-z0-9-]{0,62}\/(?:\*|[^\u0000-\u001f\u007f-\u009f*]{1,200})$/

/** A target whose provider is one of `providers`. */
function targetModel(providers: readonly string[]): z.ZodType<string, string> {
  const isTarget = (value: string): boolean => targetPattern.test(value)
  const isEnabled = (value: string): boolean => {
    return !isTarget(value) || providers.includes(value.slice(0, value.indexOf('/')))
  }
  const choice = providers.length > 0 ? providers.join(', ') : 'none is'
  return text(targetRule, isTarget, 'provider/model, or provider/*.', targetPattern).refine(
    isEnabled,
    { error: `must be of an enabled provider (${choice})` },
  )
}

const clock = (key: 'headersTimeoutMs' | 'firstTokenTimeoutMs' | 'idleTimeoutMs') => {
  const { min, max } = streamBounds[key]
  const meaning = `${streamVariables[key].meaning} In milliseconds, in place of the endpoint's.`
  return whole(min, max, meaning).optional()
}

const targetSchema = (providers: readonly string[]) =>
  object('Target', 'A target with what it has of its own.', {
    model: targetModel(providers),
    weight: decimal(
      0,
      1_000_000,
      'Its share where the strategy is weighted; 1 when not set.',
      true,
    ).optional(),
    prefill: toggle(
      'Whether it continues an answer whose beginning is sent to it as the last turn.',
    ).optional(),
    contextTokens: whole(
      1,
      1_000_000_000,
      'How many tokens fit; a request that was too long elsewhere goes to a longer one.',
    ).optional(),
    concurrency: whole(
      1,
      1_000_000,
      'Requests that it may have at once, in one worker; from all together it gets WORKERS ' +
        'times as many.',
    ).optional(),
    price: priceSchema.optional(),
    headersTimeoutMs: clock('headersTimeoutMs'),
    firstTokenTimeoutMs: clock('firstTokenTimeoutMs'),
    idleTimeoutMs: clock('idleTimeoutMs'),
  })

const routeSchema = (providers: readonly string[]) =>
  object('Route', 'Who answers for one model name.', {
    targets: list(
      z.union([targetModel(providers), targetSchema(providers)], {
        error: 'must be provider/model, or an object with a model',
      }),
      1,
      TARGETS_MAX,
      'The targets; in which order they are tried is said by the strategy.',
    ),
    strategy: word(routeStrategies, 'How targets are chosen; priority when not set.').optional(),
    midstream: word(
      ['error', 'recover'],
      'When a target fails in its answer: error (when not set), or recover on another target.',
    ).optional(),
    hedge: toggle(
      'Whether a slow start lets the next target start beside; true when not set.',
    ).optional(),
  })

/** `routes`, with targets at `providers` only. */
export const routesSchema = (providers: readonly string[]) =>
  named(
    text(nameRule, (name) => namePattern.test(name), 'A model name.', namePattern),
    routeSchema(providers),
    'Model names of your own; * at the end of a name is any rest.',
  )

/** `routes` as the schema leaves them. */
type FileRoutes = z.infer<ReturnType<typeof routesSchema>>
type FileTarget = z.infer<ReturnType<typeof targetSchema>>

/** The routes in the order of the file. */
export function routesOf(routes: FileRoutes): RouteSettings[] {
  return Object.entries(routes).map(([name, route]) => ({
    name,
    targets: route.targets.map((target) =>
      targetOf(typeof target === 'string' ? { model: target } : target),
    ),
    strategy: route.strategy ?? 'priority',
    midstream: route.midstream ?? 'error',
    hedge: route.hedge ?? true,
  }))
}

function targetOf(target: FileTarget): TargetSettings {
  const { headersTimeoutMs, firstTokenTimeoutMs, idleTimeoutMs } = target
  return {
    model: target.model,
    weight: target.weight ?? 1,
    prefill: target.prefill ?? false,
    contextTokens: target.contextTokens ?? null,
    concurrencyMax: target.concurrency ?? null,
    price: target.price ?? null,
    clocks: {
      ...(headersTimeoutMs !== undefined && { headersTimeoutMs }),
      ...(firstTokenTimeoutMs !== undefined && { firstTokenTimeoutMs }),
      ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    },
  }
}

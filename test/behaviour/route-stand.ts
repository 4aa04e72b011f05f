/** The stand with a route in it: the model `smart`, and who answers for it. */
import type { RouteSettings, TargetSettings } from '../../src/config/config.ts'
import { plainTraits } from '../../src/provider/call.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { type Stand, startStand } from './client-stand.ts'

/** The name that requests have to say. */
export const routeName = 'smart'

/** A target as a test says it: its model, and what is special about it. */
export type TargetToTry = string | (Pick<TargetSettings, 'model'> & Partial<TargetSettings>)

/** What a route is like; without a word of it one that fails in the middle with an error. */
export interface RouteToTry extends Partial<Pick<RouteSettings, 'midstream'>> {
  readonly targets: readonly TargetToTry[]
}

/** A route of these targets, in this order. */
export function routeOf({ targets, midstream = 'error' }: RouteToTry): RouteSettings {
  return {
    name: routeName,
    targets: targets.map((target) => ({
      ...plainTraits,
      ...(typeof target === 'string' ? { model: target } : target),
    })),
    strategy: 'priority',
    midstream,
    hedge: false,
  }
}

/** A stand whose provider answers as OpenAI, Anthropic and Gemini, told apart by model and path. */
export function startRoute(
  script: UpstreamScript,
  route: RouteToTry,
  environment: Readonly<Record<string, string>> = {},
): Promise<Stand> {
  const all = (url: string): Record<string, string> => ({
    ANTHROPIC_API_KEY: 'sk-test',
    ANTHROPIC_BASE_URL: `${url}/v1`,
    GEMINI_API_KEY: 'key-test',
    GEMINI_BASE_URL: `${url}/v1beta`,
    ...environment,
  })
  return startStand(script, all, undefined, 0, [routeOf(route)])
}

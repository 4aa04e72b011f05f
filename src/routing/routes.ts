/** The operator's own model names: which route a name is, and what its targets are. */
import type { RouteSettings, TargetSettings } from '../config/config.ts'
import type { Target } from '../provider/call.ts'
import type { Provider } from '../provider/provider.ts'

/** One route, ready to be planned with. */
export interface Route {
  readonly settings: RouteSettings
  /** How many requests it has had, for those that take turns. */
  turn: number
}

/** Finds routes by the model of a request. */
export class RouteTable {
  readonly #exact = new Map<string, Route>()
  /** Longest first, so that `claude-opus-*` comes before `claude-*`. */
  readonly #wildcards: readonly { readonly prefix: string; readonly route: Route }[]

  constructor(routes: readonly RouteSettings[]) {
    const wildcards = []
    for (const settings of routes) {
      const route = { settings, turn: 0 }
      if (settings.name.endsWith('*')) {
        wildcards.push({ prefix: settings.name.slice(0, -1), route })
      } else {
        this.#exact.set(settings.name, route)
      }
    }
    this.#wildcards = wildcards.toSorted((a, b) => b.prefix.length - a.prefix.length)
  }

  /** The route of a name, or null where it is none. */
  find(model: string): Route | null {
    const exact = this.#exact.get(model)
    if (exact !== undefined) return exact
    return this.#wildcards.find(({ prefix }) => model.startsWith(prefix))?.route ?? null
  }
}

/** A target of a route for a request that asks for `model`; null where its provider is gone. */
export function targetOf(
  settings: TargetSettings,
  model: string,
  providers: ReadonlyMap<string, Provider>,
): Target | null {
  const slash = settings.model.indexOf('/')
  const provider = providers.get(settings.model.slice(0, slash))
  if (provider === undefined) return null
  const named = settings.model.slice(slash + 1)
  const own = named === '*' ? withoutPrefix(model, provider) : named
  return { provider, model: own, renamedTo: own === model ? null : own, traits: settings }
}

/** `anthropic/claude-x` that is passed on to Anthropic is called `claude-x` there. */
function withoutPrefix(model: string, { name }: Provider): string {
  return model.startsWith(`${name}/`) ? model.slice(name.length + 1) : model
}

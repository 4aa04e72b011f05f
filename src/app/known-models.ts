/** The names of models that the operator and the table of prices know. */
import type { Config } from '../config/config.ts'
import { knownPrices } from '../config/prices.ts'
import { demoModels } from '../provider/demo/demo.ts'

/**
 * All of them as `provider/model`: those of the file of configuration, and of the table of prices
 * for each provider by its kind. Names with a wildcard are none.
 */
export function knownModelsOf({ providers, routes, prices }: Config): ReadonlySet<string> {
  const names = new Set<string>()
  const add = (name: string): void => {
    if (!name.endsWith('*')) names.add(name)
  }
  const kinds = new Map<string, string[]>()
  for (const { name, kind, models } of providers) {
    kinds.set(kind, [...(kinds.get(kind) ?? []), name])
    for (const model of kind === 'demo' ? demoModels : models) add(`${name}/${model}`)
  }
  for (const { targets } of routes) for (const { model } of targets) add(model)
  for (const name of Object.keys(prices)) add(name)
  for (const name of Object.keys(knownPrices)) {
    const slash = name.indexOf('/')
    for (const provider of kinds.get(name.slice(0, slash)) ?? []) {
      add(`${provider}${name.slice(slash)}`)
    }
  }
  return names
}

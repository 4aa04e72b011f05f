/** The configuration file as one schema: it is checked by it, and `--print-schema` publishes it. */
import { z } from 'zod'
import type { Environment } from '../variable.ts'
import { alertsSchema } from './alerts.ts'
import { object } from './fields.ts'
import { keysSchema } from './keys.ts'
import { limitsSchema } from './limits.ts'
import { pricesSchema } from './prices.ts'
import { providersSchema } from './providers.ts'
import { routesSchema } from './routes.ts'
import { endpointsSchema, streamSchema } from './streams.ts'

/** What a file is checked against, beyond its shape. */
export interface FileContext {
  /** The names that targets may have: providers of the environment and of the file. */
  readonly providers: readonly string[]
  /** Where references to secrets lead. */
  readonly environment: Environment
}

/** The parts of a file, each with its schema. */
export const sections = ({ providers, environment }: FileContext) => ({
  streamConfig: streamSchema,
  endpoints: endpointsSchema,
  providers: providersSchema(environment),
  routes: routesSchema(providers),
  keys: keysSchema(environment),
  limits: limitsSchema(providers),
  prices: pricesSchema,
  alerts: alertsSchema(providers, environment),
})

/** The whole file, of its parts. Everything in it is optional. */
export function fileSchema(parts: ReturnType<typeof sections>) {
  return object('Configuration of sluice', 'What CONFIG_FILE may hold. Everything is optional.', {
    $schema: z
      .string({ error: 'must be text' })
      .describe('Where this schema is, for editors.')
      .optional(),
    streamConfig: parts.streamConfig.optional(),
    endpoints: parts.endpoints.optional(),
    providers: parts.providers.optional(),
    routes: parts.routes.optional(),
    keys: parts.keys.optional(),
    limits: parts.limits.optional(),
    prices: parts.prices.optional(),
    alerts: parts.alerts.optional(),
  })
}

/** What `--print-schema` prints: JSON Schema, draft 2020-12. */
export function publishedSchema(): string {
  const schema = fileSchema(sections({ providers: [], environment: {} }))
  return `${JSON.stringify(z.toJSONSchema(schema, { target: 'draft-2020-12' }), null, 2)}\n`
}

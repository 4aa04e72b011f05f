/** `limits` in the file: what all clients together may use of a model or a provider. */
import type { z } from 'zod'
import { type KeyLimits, keyRules } from '../client-key.ts'
import type { LimitSettings } from '../config.ts'
import { named, object, text, whole } from './fields.ts'

/** The limits that a key, a model or a provider may have. */
export const limitFields = {
  requestsPerMinute: whole(1, keyRules.requestsPerMinuteMax, 'Requests.').optional(),
  tokensPerMinute: whole(
    1,
    keyRules.tokensPerMinuteMax,
    'Tokens of requests and answers together.',
  ).optional(),
  concurrentStreams: whole(
    1,
    keyRules.concurrentStreamsMax,
    'Requests under way at once.',
  ).optional(),
}

const modelName = text(
  `must be ${keyRules.scope.rule}`,
  (name) => keyRules.scope.pattern.test(name),
  'A model name as clients write it, or the beginning of one.',
  keyRules.scope.pattern,
)

/** `limits`, where providers are some of `providers`. */
export const limitsSchema = (providers: readonly string[]) =>
  object('Limits', 'What all clients together may use, at most.', {
    models: named(
      modelName,
      object('Model limits', 'Of one model, or of all that begin so together.', limitFields),
      'By the name that clients ask for; * at the end is any rest. An exact name goes first.',
    ).optional(),
    providers: named(
      text(
        `must be an enabled provider (${providers.join(', ') || 'none is'})`,
        (name) => providers.includes(name),
        'The name of a provider.',
      ),
      object('Provider limits', 'Of one provider, with all its keys and models.', limitFields),
      'By provider. One that is at its limit is passed over where another target is left.',
    ).optional(),
  })

/** Limits as a schema leaves them. */
type FileLimits = { readonly [Name in keyof KeyLimits]?: number | undefined }

/** Those that are not said are none. */
export function limitsOf(limits: FileLimits | undefined): KeyLimits {
  return {
    requestsPerMinute: limits?.requestsPerMinute ?? null,
    tokensPerMinute: limits?.tokensPerMinute ?? null,
    concurrentStreams: limits?.concurrentStreams ?? null,
  }
}

/** `limits` of the file, in its order. */
export function limitSettingsOf({
  models = {},
  providers = {},
}: z.infer<ReturnType<typeof limitsSchema>>): LimitSettings {
  const byName = (entries: Readonly<Record<string, FileLimits>>) =>
    Object.entries(entries).map(([name, limits]) => ({ name, limits: limitsOf(limits) }))
  return { models: byName(models), providers: byName(providers) }
}

/** `env:NAME`: the only way in which the file may speak of a secret. */
import type { z } from 'zod'
import { isHeaderSafe } from '../kinds.ts'
import type { Environment } from '../variable.ts'
import { text } from './fields.ts'

const pattern = /^env:([A-Za-z_][A-Za-z0-9_]*)$/

/** The rule for a text that is no reference; such a text may be the secret itself. */
export const referenceRule =
  'must be env:NAME, the name of a variable, so that no secret stands in the file'

/** Whether a text is a reference, whatever it refers to. */
export const isReference = (value: string): boolean => pattern.test(value)

/** What a reference stands for; null where it is none, or where its variable is not set. */
export function referenced(value: string, environment: Environment): string | null {
  const name = pattern.exec(value)?.[1]
  if (name === undefined || !Object.hasOwn(environment, name)) return null
  return environment[name]?.trim() || null
}

/** A reference to a variable that is set to something that can travel in a header. */
export function secretReference(
  environment: Environment,
  meaning: string,
): z.ZodType<string, string> {
  const isUsable = (value: string): boolean => {
    const secret = referenced(value, environment)
    return secret !== null && isHeaderSafe(secret)
  }
  const usableRule = 'must name a variable that is set, to visible ASCII characters without blanks'
  return text(referenceRule, isReference, `${meaning} \`env:NAME\`.`, pattern).refine(
    (value) => !isReference(value) || isUsable(value),
    { error: usableRule },
  )
}

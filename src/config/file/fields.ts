/**
 * The kinds of value in the configuration file. Each has one rule in words, as those of the
 * environment have: a wrong value is one line, which tells what would have been right.
 */
import { z } from 'zod'

/** A text that `isRight` accepts. `meaning` and `pattern` are for the published schema. */
export function text(
  rule: string,
  isRight: (value: string) => boolean,
  meaning: string,
  pattern?: RegExp,
): z.ZodType<string, string> {
  const meta = { description: meaning, ...(pattern && { pattern: pattern.source }) }
  return z.string({ error: rule }).refine(isRight, { error: rule }).meta(meta)
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number, meaning: string): z.ZodType<number> {
  const error = `must be a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error }).describe(meaning)
}

/** A number from `min` to `max`, or above `min` where it is `exclusive`. */
export function decimal(
  min: number,
  max: number,
  meaning: string,
  exclusive = false,
): z.ZodType<number> {
  const error = `must be a number ${exclusive ? `above ${min}, up` : `from ${min}`} to ${max}`
  const number = z.number({ error })
  const bounded = exclusive ? number.gt(min, { error }) : number.min(min, { error })
  return bounded.max(max, { error }).describe(meaning)
}

/** `true` or `false`. */
export function toggle(meaning: string): z.ZodType<boolean> {
  return z.boolean({ error: 'must be true or false' }).describe(meaning)
}

/** One of a few words. */
export function word<const Word extends string>(
  words: readonly [Word, ...Word[]],
  meaning: string,
): z.ZodType<Word> {
  return z.enum(words, { error: `must be one of ${words.join(', ')}` }).describe(meaning)
}

/** A list of `min` to `max` items. */
export function list<Item extends z.ZodType>(
  item: Item,
  min: number,
  max: number,
  meaning: string,
): z.ZodType<z.infer<Item>[]> {
  const error = `must be a list of ${min} to ${max}`
  return z.array(item, { error }).min(min, { error }).max(max, { error }).describe(meaning)
}

/** An object with these keys and no other. */
export function object<Shape extends z.ZodRawShape>(
  title: string,
  meaning: string,
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const keys = Object.keys(shape).join(', ')
  return z
    .strictObject(shape, {
      error: ({ code }) =>
        code === 'unrecognized_keys' ? `must be one of ${keys}` : 'must be an object',
    })
    .meta({ title, description: meaning })
}

/** An object whose keys are names that the operator chooses, or of a list. */
export function named<Value extends z.ZodType>(
  key: z.ZodType<string, string>,
  value: Value,
  meaning: string,
): z.ZodRecord<z.core.$ZodRecordKey, Value> {
  return z
    .record(key as z.core.$ZodRecordKey, value, { error: 'must be an object' })
    .describe(meaning)
}

/** Tools as OpenAI describes them, in the dialects that took that over. */
import { z } from 'zod'

/** A list of at least one function. @param description whether it must be there. */
export const functionTools = <Description extends z.ZodType>(description: Description) =>
  z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name: z.string().min(1),
          description,
          parameters: z.looseObject({ type: z.literal('object') }),
        }),
      }),
    )
    .min(1)

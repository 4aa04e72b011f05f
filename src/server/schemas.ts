/** Every schema of the documentation, by the name it has there. */
import { z } from 'zod'
import { errorTable } from '../core/errors.ts'
import { alertSchemas } from './alert-schemas.ts'
import { answerSchemas } from './answer-schemas.ts'
import { dialectSchemas } from './dialect-schemas.ts'
import { keySchemas } from './key-schemas.ts'
import { operationSchemas } from './operation-schemas.ts'
import { performanceSchemas } from './performance-schemas.ts'
import { requestSchemas } from './request-schemas.ts'
import { usageSchemas } from './usage-schemas.ts'

const ErrorEnvelope = z
  .object({
    error: z.looseObject({
      message: z.string(),
      type: z.string().nullable(),
      param: z.string().nullable(),
      code: z
        .string()
        .nullable()
        .describe(`Ours are: ${Object.keys(errorTable).join(', ')}.`),
    }),
  })
  .meta({
    description: "An error in OpenAI's shape. A provider's own type and code are passed on.",
    example: {
      error: {
        message: errorTable.missing_model.message,
        type: errorTable.missing_model.type,
        param: 'model',
        code: 'missing_model',
      },
    },
  })

/** Name in the document -> schema. */
export const schemas = {
  ...requestSchemas,
  ...answerSchemas,
  ...operationSchemas,
  ...alertSchemas,
  ...performanceSchemas,
  ...keySchemas,
  ...usageSchemas,
  ...dialectSchemas,
  Error: ErrorEnvelope,
} as const

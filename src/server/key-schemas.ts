/** What the routes of managed keys take and answer, for the documentation. */
import { z } from 'zod'
import { KeyChange, KeyCreation, KeyRotation, type KeyView } from '../admission/key-bodies.ts'
import { keyPriorities } from '../config/client-key.ts'

const moment = z.string().describe('ISO 8601, UTC.')
const names = z.array(z.string()).nullable()
const count = z.int().nullable()
const usd = z.number().nullable()

const key = {
  id: z.string().describe('Stands in the log and in the ledger.'),
  name: z.string(),
  owner: z.string().nullable(),
  tags: z.array(z.string()),
  models: names,
  routes: names,
  providers: names,
  priority: z.enum(keyPriorities),
  limits: z.object({ requestsPerMinute: count, tokensPerMinute: count, concurrentStreams: count }),
  budget: z.object({ daily: usd, monthly: usd }),
  state: z.enum(['active', 'expired', 'revoked']),
  createdAt: moment,
  updatedAt: moment,
  expiresAt: moment.nullable(),
  revokedAt: moment.nullable(),
  secrets: z
    .array(
      z.object({
        createdAt: moment,
        expiresAt: moment.nullable(),
        hashedWith: z
          .enum(['current', 'previous', 'unknown'])
          .describe('Which of the values of `KEY_SECRET`; with an unknown one it is not accepted.'),
      }),
    )
    .describe('Its valid secrets, oldest first. They themselves are never shown again.'),
}

const Key: z.ZodType<KeyView> = z.object(key)

const KeyWithSecret = z.object({
  ...key,
  secret: z.string().describe('What a client presents. Shown this once.'),
})

const KeyList = z.object({
  keys: z.array(Key),
  next: z.string().nullable().describe('`after` of the next page; null on the last.'),
})

/** Name in the document -> schema. */
export const keySchemas = { Key, KeyWithSecret, KeyList, KeyCreation, KeyChange, KeyRotation }

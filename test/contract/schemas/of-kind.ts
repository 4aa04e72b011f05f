/** The schema that a kind of provider documents for what it is sent. */
import type { z } from 'zod'
import type { ProtocolName } from '../../../src/protocol/names.ts'
import { anthropicMessagesSchema, bedrockInvokeSchema } from './anthropic-messages.ts'
import { geminiSchema } from './gemini.ts'
import {
  markedChatSchema,
  mistralSchema,
  openaiChatSchema,
  watsonxSchema,
  zaiSchema,
} from './openai-chat.ts'
import { bedrockConverseSchema, cohereChatSchema, ollamaChatSchema } from './others.ts'

/** Kinds whose words are not quite those of their dialect. */
const ofKind: Readonly<Record<string, z.ZodType>> = {
  alibaba: markedChatSchema,
  openrouter: markedChatSchema,
  snowflake: markedChatSchema,
  zai: zaiSchema,
  mistral: mistralSchema,
  watsonx: watsonxSchema,
}

const ofDialect: Partial<Record<ProtocolName, z.ZodType>> = {
  'openai-chat': openaiChatSchema,
  'anthropic-messages': anthropicMessagesSchema,
  gemini: geminiSchema,
  'bedrock-converse': bedrockConverseSchema,
  'bedrock-invoke': bedrockInvokeSchema,
  'cohere-chat': cohereChatSchema,
  'ollama-chat': ollamaChatSchema,
}

/** @throws where none was written for the dialect. */
export function schemaOf(kind: string, dialect: ProtocolName): z.ZodType {
  const schema = ofKind[kind] ?? ofDialect[dialect]
  if (schema === undefined) throw new Error(`There is no schema of ${kind} (${dialect}).`)
  return schema
}

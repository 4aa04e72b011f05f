/** One input of the fuzzer, as it is made, run, and kept in a file of the corpus. */

import { bedrockConverse } from '../../src/protocol/bedrock-converse.ts'
import { bedrockInvoke } from '../../src/protocol/bedrock-invoke.ts'
import { cohereChat } from '../../src/protocol/cohere-chat.ts'
import { ollamaChat } from '../../src/protocol/ollama-chat.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { protocols } from '../../src/protocol/registry.ts'

/** Dialects that a client can speak; each is one of a provider as well. */
export const clientDialects: readonly Protocol[] = Object.values<Protocol>(protocols).filter(
  ({ name, translation }) => translation !== null && name in clientNames(),
)

/** Dialects that are translated from, and by whom no client is spoken to. */
export const providerDialects: readonly Protocol[] = [
  ...clientDialects,
  ...[bedrockConverse, bedrockInvoke, cohereChat, ollamaChat],
]

function clientNames(): Readonly<Record<string, true>> {
  return {
    ...{ 'openai-chat': true, 'openai-completions': true, 'openai-responses': true },
    ...{ 'anthropic-messages': true, gemini: true },
  }
}

/** What of the program is given the data. */
export type Target = 'stream' | 'request' | 'response' | 'error'

/** One input. Everything that is done with it follows from it, so that it fails again. */
export interface FuzzInput {
  readonly target: Target
  /** The dialect that the data is in, or would be if it were not spoilt. */
  readonly dialect: string
  /** Seeds the places where a stream is cut; the status of an error. */
  readonly salt: number
  readonly data: Uint8Array
}

/** The dialect of that name. Throws where there is none. */
export function dialectNamed(name: string): Protocol {
  const found = providerDialects.find((dialect) => dialect.name === name)
  if (found === undefined) throw new Error(`no dialect ${name}`)
  return found
}

/** The text of a file of the corpus: data that is text stays readable. */
export function encodeInput({ target, dialect, salt, data }: FuzzInput): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(data)
  const isText = Buffer.from(text).equals(data)
  const written = isText ? { text } : { base64: Buffer.from(data).toString('base64') }
  return `${JSON.stringify({ target, dialect, salt, ...written }, null, 2)}\n`
}

/** The input in a file of the corpus. */
export function decodeInput(json: string): FuzzInput {
  const { target, dialect, salt, text, base64 } = JSON.parse(json)
  const data = new Uint8Array(
    text === undefined ? Buffer.from(base64, 'base64') : Buffer.from(text),
  )
  return { target, dialect, salt, data }
}

/** A name for an input, from what is in it. */
export function nameOfInput(input: FuzzInput): string {
  const { target, dialect } = input
  const hash = new Bun.CryptoHasher('sha256').update(encodeInput(input)).digest('hex')
  return `${dialect}-${target}-${hash.slice(0, 10)}.json`
}

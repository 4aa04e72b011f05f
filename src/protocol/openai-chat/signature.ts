/**
 * Whose a signature is, in `reasoning_details`.
 *
 * An entry names the format of its signature: OpenRouter's own words (`anthropic-claude-v1`) in
 * what an OpenAI-compatible provider sent, the name of a dialect in what we send to clients. A
 * compatible provider gets its format back with the signature, so it is kept inside of it.
 */
import { type ProtocolName, protocolNames } from '../names.ts'

/** A signature as the hub has it. */
export interface SignedBy {
  readonly signature: string
  readonly signedBy: ProtocolName
}

/** A signature as an entry of `reasoning_details` has it. */
export interface Formatted {
  readonly signature: string
  readonly format: string | null
}

const withFormat = /^([a-z0-9][a-z0-9._-]*)\|(.*)$/s

/** What an entry of `format` says in the hub. */
export function readSignature(signature: string, format: unknown): SignedBy {
  const named = typeof format === 'string' && format !== '' ? format : null
  const signedBy = protocolNames.find((name) => name === named)
  if (signedBy !== undefined && signedBy !== 'openai-chat') return { signature, signedBy }
  const kept = named === null || signedBy !== undefined ? signature : `${named}|${signature}`
  return { signature: kept, signedBy: 'openai-chat' }
}

/** The other way round. */
export function writeSignature({ signature, signedBy }: SignedBy): Formatted {
  if (signedBy !== 'openai-chat') return { signature, format: signedBy }
  const [, format, rest] = withFormat.exec(signature) ?? []
  if (format === undefined || rest === undefined) return { signature, format: signedBy }
  return { signature: rest, format }
}

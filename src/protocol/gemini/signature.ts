/**
 * Signatures of other dialects on their way through a Gemini client.
 *
 * A client of Gemini sends a `thoughtSignature` back as it came, in the part it came with; what
 * another provider signed takes that way too, marked, so that the next turn can return it to the
 * one who signed it and to nobody else. The field is base64 on the wire, so the seal is as well.
 */
import { isObject, textAt } from '../../core/json.ts'
import { type ProtocolName, protocolNames } from '../names.ts'

const mark = 'sluice:'

/** What another dialect asks to be sent back with a block of reasoning. */
export interface Sealed {
  readonly kind: 'signature' | 'redacted'
  readonly signature: string
  readonly signedBy: ProtocolName
  readonly id: string | null
}

/** `sealed` as the text of a `thoughtSignature`. */
export function seal(sealed: Sealed): string {
  return Buffer.from(mark + JSON.stringify(sealed)).toString('base64')
}

/** What `seal` put in, or null for a signature of Google's own. Never throws. */
export function unseal(signature: string): Sealed | null {
  if (!signature.startsWith(sealedPrefix)) return null
  try {
    const text = Buffer.from(signature, 'base64').toString()
    const value: unknown = JSON.parse(text.slice(mark.length))
    if (!isObject(value)) return null
    const signedBy = protocolNames.find((name) => name === value.signedBy)
    const inner = textAt(value, 'signature')
    if (signedBy === undefined || inner === null) return null
    const kind = value.kind === 'redacted' ? 'redacted' : 'signature'
    return { kind, signature: inner, signedBy, id: textAt(value, 'id') }
  } catch {
    return null
  }
}

/** The first characters of every seal: those that the mark alone decides. */
const sealedPrefix = Buffer.from(mark).toString('base64').slice(0, 8)

/**
 * Signatures of other dialects on their way through a Gemini client. It sends a `thoughtSignature`
 * back as it came, in the part it came with; what another provider signed takes that way too,
 * sealed. The field is bytes to Google's clients, base64 on the wire, so the seal is as well.
 */
import { type Sealed, seal, sealPrefix, unseal } from '../hub/sealed.ts'
import { isOwnToolSignature } from '../openai-chat/tool-signature.ts'

/** `sealed` as the text of a `thoughtSignature`. */
export function sealSignature(sealed: Sealed): string {
  return Buffer.from(seal(sealed)).toString('base64')
}

/**
 * What `sealSignature` put in, or null for a signature of Google's own. Clients may have changed
 * the alphabet of base64 on the way. Never throws.
 */
export function unsealSignature(signature: string): Sealed | null {
  if (!signature.startsWith(sealedPrefix)) return null
  return unseal(Buffer.from(signature, 'base64').toString())
}

/** The signature of a call for a client: sealed where it came over a dialect of OpenAI's. */
export function writeCallSignature(signature: string): string {
  if (!isOwnToolSignature(signature)) return signature
  return sealSignature({ kind: 'tool', signedBy: 'openai-chat', signature, id: null })
}

/** The other way round. */
export function readCallSignature(signature: string): string {
  return unsealSignature(signature)?.signature ?? signature
}

/** The first characters of every seal: those that its prefix alone decides. */
const sealedPrefix = Buffer.from(sealPrefix).toString('base64').slice(0, 10)
